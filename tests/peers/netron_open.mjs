// netron_open.mjs NETRON FILE.onnx...: Netron's own reader on each file, without a window; prints how many nodes it shows, how many of
// their outputs have a shape, and the outputs.  NETRON is the folder of its Python package, made a module by a package.json.
import fs from 'fs';
const [folder, ...files] = process.argv.slice(2);
const view = await import(folder + '/view.js');
const base = await import(folder + '/base.js');
const host = {
    environment: () => null,
    require: (id) => import(folder + '/' + id.replace(/^\.\//, '') + '.js'),
    event: () => {},
    exception: (error) => { throw error; },
};
const open = (path) => new base.BinaryStream(fs.readFileSync(path));
for (const file of files) {
    const context = {
        identifier: file.split('/').pop(),
        stream: open(file),
        entries: new Map(),
        request: async (name, encoding) => encoding ? fs.readFileSync(folder + '/' + name, encoding) : open(folder + '/' + name),
        require: host.require,
        error: host.exception,
    };
    const model = await new view.ModelFactoryService(host).open(context);
    const graph = (model.modules || model.graphs)[0];
    const made = graph.nodes.flatMap((n) => n.outputs.flatMap((o) => o.value));
    const outputs = graph.outputs.flatMap((o) => o.value).map((v) => `${v.name} ${v.type}`);
    console.log(graph.nodes.length, made.filter((v) => v.type).length, outputs.join('; '));
}
