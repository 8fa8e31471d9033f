// unpack_tfjs.js FROM TO: model.json and the shards of a layers-model that a package carries as scripts (base64 in a string).
const fs = require('fs'), [from, to] = process.argv.slice(2);
const model = require(from + '/model.min.js');
fs.writeFileSync(to + '/model.json', JSON.stringify(model));
for (const path of model.weightsManifest[0].paths) fs.writeFileSync(to + '/' + path, Buffer.from(require(from + '/' + path + '.min.js'), 'base64'));
