# shared_functions.py FILE: no function of training in a generated file is one of inference again. The same text under another name of the same
# kind and sizes would be; two shapes whose code happens to be the same keep their names.
import re, sys
text = open(sys.argv[1]).read()
functions = re.findall(r'^static [^\n]*?void (\w+)(\([^{};]*\)\n\{\n.*?\n\})', text, re.M | re.S)
first, again = {}, []
for name, body in functions: # those that are called come first
    kind = re.sub(r'_\d+$', '', name.replace('train_', ''))
    key = kind, re.sub(r'\s+', ' ', re.sub(r'\b\w+\b', lambda m: first.get(m[0], m[0]), body))
    first[name] = first.setdefault(key, name)
    if first[name] != name and name.startswith('train_') and not first[name].startswith('train_'):
        again.append(f'{name} is {first[name]}')
calls = sum(m in first and not m.startswith('train_') for m in re.findall(r'\b\w+(?=\()', text[text.index('======== Training'):]))
print(*again, f'{len(functions)} functions, training calls those of inference {calls} times', sep='\n')
sys.exit(len(functions) < 20 or calls == 0 or len(again) > 0)
