# totals.py INCEPTC NETDEFS TSV: what inceptc counts equals the reference table, every column that both have.
import csv, json, os, re, subprocess, sys
inceptc, netdefs, tsv = sys.argv[1:]
ROWS = {  # netdef: network, variant, input of the table's row
    'googlenet': ('inception_v1', 'bvlc_caffe_paper_5x5_LRN', '3x224x224'),
    'googlenet_tv': ('inception_v1', 'torchvision_BN_3x3', '3x224x224'),
    'bn_inception': ('bn_inception', 'cadene_caffe_608ch_convbias', '3x224x224'),
    'inception_v2': ('inception_v2', 'tf-slim_separable_576ch_nogamma_1000cls', '3x224x224'),
    'inception_v2_paper': ('inception_v2', 'arXiv1512.00567_table1_RECONSTRUCTION', '3x299x299'),
    'inception_v3': ('inception_v3', 'torchvision', '3x299x299'),
    'inception_v4': ('inception_v4', 'timm_cadene', '3x299x299'),
    'inception_resnet_v1': ('inception_resnet_v1', 'paper_5-10-5_1000cls', '3x299x299'),
    'inception_resnet_v1_facenet': ('inception_resnet_v1', 'facenet-pytorch_emb512', '3x160x160'),
    'inception_resnet_v2': ('inception_resnet_v2', 'timm_cadene', '3x299x299'),
    'inception_resnet_v2_paper': ('inception_resnet_v2', 'paper_5-10-5_v4stem_corrected_1152_2144', '3x299x299'),
}
OWN = {'inception_v1_naive', 'inception_v2_method1', 'fashion'}  # not in the table: they state their own totals
KEYS = {'params_main': 'params', 'params_aux': 'aux_params', 'MACs': 'macs', 'n_conv': 'convs', 'bn_running_stats_main': 'bn_stats',
        'bn_running_stats_aux': 'aux_bn_stats', 'MACs_aux': 'aux_macs', 'depth': 'depth'}
table = {(r['network'], r['variant'], r['input']): r for r in csv.DictReader(open(tsv), delimiter='\t')}
bad = 0
nets = sorted(f[:-4] for f in os.listdir(netdefs) if f.endswith('.net'))
assert set(nets) >= set(ROWS) and set(nets) <= set(ROWS) | OWN, 'a netdef without a row: ' + ' '.join(set(nets) - set(ROWS) - OWN)
for net in nets:
    path = os.path.join(netdefs, net + '.net')
    if net not in ROWS:
        continue
    row, got = table[ROWS[net]], {}
    # an expect of zeros makes inceptc say what it counts
    text = subprocess.run([inceptc, path, '--dump=net'], check=True, capture_output=True, text=True).stdout
    text = re.sub(r'^expect .*\n', '', text, flags=re.M)
    for key in KEYS.values():
        p = subprocess.run([inceptc, '-', '--dump=graph'], input=text + f'expect {key} 999999999999\n', capture_output=True, text=True)
        got[key] = int(re.search(r'the net has (-?[\d,]+)', p.stderr)[1].replace(',', ''))
    shape = re.search(r'^input \S+ (\S+)', text, flags=re.M)[1]
    graph = subprocess.run([inceptc, path, '--dump=graph'], capture_output=True, text=True).stdout
    out = re.search(r'^output (\S+)', graph, flags=re.M)[1]
    size = re.search(r' out=' + re.escape(out) + r':(\d+)', graph)[1]
    if net == 'inception_v2':  # the table counts the separable stem as one convolution, inceptc its depthwise and pointwise parts
        got['convs'] -= 1
        got['depth'] -= 1
    said = json.loads(subprocess.run([inceptc, 'summary', path, '--json'], check=True, capture_output=True, text=True).stdout)['totals']
    main, both = said['inference'], said.get('training', said['inference']) # an inference-only network has no auxiliary heads
    for column, ours in (('params_main', main['parameters']), ('params_aux', both['parameters'] - main['parameters']), ('MACs', main['macs']),
                         ('MACs_aux', both['macs'] - main['macs']), ('bn_running_stats_main', main['statistics']),
                         ('bn_running_stats_aux', both['statistics'] - main['statistics'])):
        if int(row[column]) != ours:
            bad += 1
            print(f'{net}: summary says {ours}, the table {row[column]} for {column}')
    for column, key in KEYS.items():
        if int(row[column]) != got[key]:
            bad += 1
            print(f'{net}: {key} is {got[key]}, the table says {row[column]}')
    if shape != row['input'] or '1x' + size != row['output_shape']:
        bad += 1
        print(f'{net}: {shape} to 1x{size}, the table says {row["input"]} to {row["output_shape"]}')
print(f'{len(nets)} networks, {bad} differences')
sys.exit(bad != 0)
