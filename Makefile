# inceptc: `make demo` and `make check` install what is missing, build and run.  V=1 shows commands, SAN=1 sanitizes.
CC = gcc
BUILD = build
CFLAGS = -O2 -g
WARN = -Wall -Wextra -Wshadow -Wswitch
STD = -std=gnu11 -D_GNU_SOURCE -ffp-contract=off
INC = -Icompiler -I$(BUILD)
ifdef SAN
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all
endif
ifndef V
Q = @
say = @echo "  $(1)"
else
say = @:
endif

PACKAGES = gcc make flex bison libcunit1-dev libjpeg62-turbo-dev libpng-dev zlib1g-dev libopenblas-dev clang tcc python3 python3-numpy python3-onnx python3-pil

COMPILER = arena ast ast_text autodiff diag driver elab_expr elab_flow elab_layers elab_settings elab_text elab_variant emit_c graph graph_text \
  graph_totals graph_verify interp interp_io loop loop_page loop_range loop_simplify loop_text loop_verify lower lower_load main net_load net_text onnx onnx_ops ops options \
  pass_concat_in_place pass_fold_batchnorm pass_fold_constants pass_fuse_activation pass_merge_siblings pass_remove_dead \
  pass_reorder_avgpool passes plan plan_memory print_c verb_run verb_summary
OPS = adaptiveavgpool add avgpool batchnorm bn_train bn_weights concat conv conv_grad copy crossentropy dropout globalavgpool \
  l2norm linear lrn max maxpool mul normalize relu scale_weights slice softmax zeros
KERNELS = channels choose common conv_plain gemm_tile pointwise pool
FORMATS = cleanup json npy onnx_write replace safetensors safetensors_write wire
CORE = error init load math network philox pool target
TRAIN = image image_bmp image_jpeg image_png image_pnm resize view
PROGRAM = bench eval info init input options predict program selftest session

COMPILER_O = $(COMPILER:%=$(BUILD)/compiler/%.o) $(OPS:%=$(BUILD)/compiler/ops/%.o) $(KERNELS:%=$(BUILD)/compiler/kernels/%.o) \
  $(BUILD)/parser.o $(BUILD)/lexer.o
LIB_O = $(FORMATS:%=$(BUILD)/formats/%.o) $(CORE:%=$(BUILD)/runtime/core/%.o) $(TRAIN:%=$(BUILD)/runtime/train/%.o)
PROGRAM_O = $(PROGRAM:%=$(BUILD)/runtime/program/%.o)
LIBS = -ljpeg -lpng -lz -lm -lpthread

.PHONY: all packages demo check generated check-generated bench clean help
all: $(BUILD)/inceptc $(BUILD)/libinceptrt.a

packages:
	@missing=""; for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

$(BUILD)/parser.c $(BUILD)/parser.h: compiler/parser.y
	$(call say,BISON $<)
	@mkdir -p $(BUILD)
	$(Q)bison -Wno-other -d -o $(BUILD)/parser.c $<
$(BUILD)/lexer.c: compiler/lexer.l
	$(call say,FLEX  $<)
	@mkdir -p $(BUILD)
	$(Q)flex -o $@ $<
$(BUILD)/parser.o: $(BUILD)/parser.c
	$(call say,CC    $<)
	$(Q)$(CC) $(STD) $(INC) $(CFLAGS) -MMD -c $< -o $@
$(BUILD)/lexer.o: $(BUILD)/lexer.c $(BUILD)/parser.h
	$(call say,CC    $<)
	$(Q)$(CC) $(STD) $(INC) $(CFLAGS) -MMD -c $< -o $@
$(BUILD)/%.o: %.c $(BUILD)/parser.h
	$(call say,CC    $<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(INC) $(WARN) $(CFLAGS) -MMD -c $< -o $@

$(BUILD)/libinceptrt.a: $(LIB_O) $(PROGRAM_O)
	$(call say,AR    $@)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(BUILD)/libinceptc.a: $(filter-out %/main.o,$(COMPILER_O))
	$(call say,AR    $@)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(BUILD)/inceptc: $(BUILD)/compiler/main.o $(BUILD)/libinceptc.a $(LIB_O)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

demo: packages
	@$(MAKE) -s all
	@sh demo/demo.sh

check: packages
	@$(MAKE) -s all tests-built
	@sh tests/run.sh

TESTS = $(BUILD)/test_runtime $(BUILD)/test_safetensors $(BUILD)/test_npy $(BUILD)/test_wire $(BUILD)/test_graph $(BUILD)/test_kernels $(BUILD)/graph_to_onnx $(BUILD)/conv_blas $(BUILD)/tiny $(BUILD)/view_tool
.PHONY: tests-built check-full
# The whole matrix: 200 random networks, every pass off in turn, both compilers.
check-full: packages
	@$(MAKE) -s all tests-built
	@passed=0; failed=0; for s in $$(seq 1 200); do for cc in gcc clang; do \
	if sh tests/random/run_net.sh $$s $$cc each; then passed=$$((passed + 1)); else failed=$$((failed + 1)); fi; done; done; \
	for n in netdefs/*.net; do if sh tests/nets/test_nets.sh $$(basename $$n .net) each; then passed=$$((passed + 1)); else failed=$$((failed + 1)); fi; done; \
	echo "$$passed passed, $$failed failed"; [ $$failed -eq 0 ]

# The stored outputs of the judges, computed again: needs PyTorch.  Then every network's ONNX before onnx and ONNX Runtime.
.PHONY: check-peers check-onnx
PEERS = $(BUILD)/peers/bin/python
ONNX_NETS = $(notdir $(basename $(wildcard netdefs/*.net))) $(addprefix corners-,$(notdir $(basename $(wildcard tests/onnx/corners/*.net)))) $(addprefix random-,$(shell seq 1 30))
check-onnx: PACKAGES += python3-venv nodejs
check-onnx: packages
	@$(MAKE) -s all $(PEERS)
	@$(PEERS) tests/peers/onnx_peers.py $(ONNX_NETS)
$(PEERS): # of scikit-image the photographs alone, of Netron its reader, which Node takes for modules by a package.json
	$(call say,PIP   $@)
	$(Q)/usr/bin/python3 -m venv $(BUILD)/peers && $(BUILD)/peers/bin/pip install -q numpy pillow onnx onnxruntime && \
	$(BUILD)/peers/bin/pip install -q --no-deps scikit-image netron && \
	echo '{"type": "module"}' >$$($(PEERS) -c 'import importlib.util as u, os; print(os.path.dirname(u.find_spec("netron").origin))')/package.json || { rm -rf $(BUILD)/peers; exit 1; }
check-peers: PACKAGES += python3-torch python3-torchvision
check-peers: packages check-onnx
	@passed=0; failed=0; for n in googlenet_tv inception_v3; do \
	if /usr/bin/python3 tests/peers/torch_reference.py $$n $(BUILD)/$$n.npz && \
	/usr/bin/python3 -c "import sys, numpy as np; a, b = np.load(sys.argv[1]), np.load(sys.argv[2]); assert a.files == b.files; assert all(np.allclose(a[k], b[k], 1e-5, 1e-6) for k in a.files)" $(BUILD)/$$n.npz tests/peers/$$n.npz; \
	then passed=$$((passed + 1)); else failed=$$((failed + 1)); fi; done; echo "$$passed passed, $$failed failed"; [ $$failed -eq 0 ]
tests-built: $(TESTS)
$(BUILD)/test_runtime: tests/runtime/test_runtime.c tests/runtime/tiny_network.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -Iruntime -o $@ tests/runtime/test_runtime.c tests/runtime/tiny_network.c $(BUILD)/libinceptrt.a -lcunit $(LIBS)
$(BUILD)/test_safetensors: tests/formats/test_safetensors.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -o $@ $< $(BUILD)/libinceptrt.a -lcunit $(LIBS)
$(BUILD)/test_npy: tests/formats/test_npy.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -o $@ $< $(BUILD)/libinceptrt.a -lcunit $(LIBS)
$(BUILD)/test_wire: tests/formats/test_wire.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -o $@ $< $(BUILD)/libinceptrt.a -lcunit $(LIBS)
$(BUILD)/test_graph: tests/graph/test_graph.c $(BUILD)/libinceptc.a $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(INC) $(CFLAGS) -o $@ $< $(BUILD)/libinceptc.a $(BUILD)/libinceptrt.a -lcunit $(LIBS)
$(BUILD)/graph_to_onnx: tests/onnx/graph_to_onnx.c $(BUILD)/libinceptc.a $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(INC) $(CFLAGS) -o $@ $< $(BUILD)/libinceptc.a $(BUILD)/libinceptrt.a $(LIBS)
$(BUILD)/test_kernels: tests/kernels/test_kernels.c tests/kernels/judge.h $(BUILD)/libinceptc.a $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(INC) $(CFLAGS) -o $@ $< $(BUILD)/libinceptc.a $(BUILD)/libinceptrt.a -lcunit -ldl $(LIBS)
$(BUILD)/conv_blas: bench/conv_blas.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -o $@ $< $(BUILD)/libinceptrt.a -lopenblas $(LIBS)
$(BUILD)/view_tool: tests/runtime/view_tool.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -o $@ $< $(BUILD)/libinceptrt.a $(LIBS)
$(BUILD)/tiny: tests/runtime/tiny_network.c runtime/program/main.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -Iruntime -DRT_PROGRAM_NETWORK=tiny_network -o $@ runtime/program/main.c tests/runtime/tiny_network.c $(BUILD)/libinceptrt.a $(LIBS)

# Figures, by hand: compile time and size, and the speed against im2col + OpenBLAS.
bench: PACKAGES += time
bench: packages
	@$(MAKE) -s all $(BUILD)/conv_blas
	@sh bench/compile.sh
	@sh bench/yardstick.sh

# libFuzzer on the front end (and all behind it) and on the reader of weights: RUNS executions each, seeds and found inputs first.
RUNS = 1000000
FUZZ = clang -g -O1 $(STD) $(INC) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FRONT = $(filter-out compiler/main.c compiler/driver.c compiler/verb_%.c compiler/options.c compiler/interp_io.c compiler/onnx.c compiler/onnx_ops.c,$(COMPILER:%=compiler/%.c))
.PHONY: fuzz
fuzz: packages $(BUILD)/fuzz_net $(BUILD)/fuzz_safetensors
	@mkdir -p $(BUILD)/corpus_net $(BUILD)/corpus_safetensors
	@for f in tests/diag/*.net tests/fuzz/found_net/*; do [ -f $$f ] && cp $$f $(BUILD)/corpus_net/; done; cp tests/fuzz/corpus_safetensors/* $(BUILD)/corpus_safetensors/
	$(BUILD)/fuzz_net -runs=$(RUNS) -max_len=3000 -timeout=10 -rss_limit_mb=2048 -dict=tests/fuzz/net.dict -print_final_stats=1 $(BUILD)/corpus_net 2>&1 | tail -12
	$(BUILD)/fuzz_safetensors -runs=$(RUNS) -max_len=2000 -timeout=10 -print_final_stats=1 $(BUILD)/corpus_safetensors 2>&1 | tail -12
$(BUILD)/fuzz_net: tests/fuzz/fuzz_net.c $(BUILD)/inceptc
	$(Q)$(FUZZ) -w -o $@ $< $(FRONT) $(OPS:%=compiler/ops/%.c) $(KERNELS:%=compiler/kernels/%.c) $(BUILD)/parser.c $(BUILD)/lexer.c $(FORMATS:%=formats/%.c) $(CORE:%=runtime/core/%.c) -lm -lpthread
$(BUILD)/fuzz_safetensors: tests/fuzz/fuzz_safetensors.c $(BUILD)/inceptc
	$(Q)$(FUZZ) -w -o $@ $< $(FORMATS:%=formats/%.c) runtime/core/error.c -lm

generated: all
	@mkdir -p generated/plain
	@for n in netdefs/*.net; do b=$$(basename $$n .net); $(BUILD)/inceptc $$n --target=plain -o - > generated/plain/$$b.c.tmp && mv generated/plain/$$b.c.tmp generated/plain/$$b.c; done
check-generated: all
	@for n in netdefs/*.net; do b=$$(basename $$n .net); $(BUILD)/inceptc $$n --target=plain -o - | cmp -s - generated/plain/$$b.c || { echo "generated/plain/$$b.c is stale: run 'make generated'"; exit 1; }; done

clean:
	rm -rf $(BUILD)
help:
	@echo "all demo check check-full check-peers check-onnx fuzz bench generated check-generated clean"

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
