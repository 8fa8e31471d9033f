// textmate.mjs MODULES GRAMMAR FILE...: the tokens that VS Code's own engine (vscode-textmate, oniguruma) sees, as editors.py prints them:
// file, line, column, length, scope.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
const [modules, grammarPath, ...files] = process.argv.slice(2);
const load = createRequire(path.resolve(modules) + '/');
const textmate = load('vscode-textmate');
const onig = load('vscode-oniguruma');
await onig.loadWASM(fs.readFileSync(path.join(path.dirname(load.resolve('vscode-oniguruma')), 'onig.wasm')).buffer);
const registry = new textmate.Registry({
    onigLib: Promise.resolve({ createOnigScanner: p => new onig.OnigScanner(p), createOnigString: s => new onig.OnigString(s) }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(grammarPath, 'utf8'), grammarPath),
});
const grammar = await registry.loadGrammar('source.inceptc');
for (const file of files) {
    let stack = textmate.INITIAL;
    fs.readFileSync(file, 'utf8').split('\n').forEach((line, number) => {
        const result = grammar.tokenizeLine(line, stack);
        stack = result.ruleStack;
        for (const t of result.tokens)
            if (t.scopes.length > 1)
                console.log(path.basename(file), number + 1, t.startIndex, Math.min(t.endIndex, line.length) - t.startIndex, t.scopes.at(-1));
    });
}
