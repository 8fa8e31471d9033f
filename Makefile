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

PACKAGES = gcc make flex dataset-fashion-mnist bison libcunit1-dev libjpeg62-turbo-dev libpng-dev zlib1g-dev libopenblas-dev clang tcc musl-tools \
  qemu-user ninja-build vim python3 python3-numpy python3-onnx python3-pil zsh fish bash-completion mandoc pkgconf python3-jsonschema graphviz

COMPILER = arena ast ast_text autodiff certify certify_compiled certify_print compare completion cook_toom diag driver driver_picture driver_train elab_expr elab_flags elab_flow elab_layers \
  elab_settings elab_text elab_variant emit_c emit_layers emit_netdef emit_train folder graph graph_text graph_totals graph_verify home interp interp_io loop \
  loop_page loop_range loop_simplify loop_text loop_unit loop_verify loop_verify_call loop_verify_value lower lower_load load_rows load_tree main name_table net_load net_text onnx onnx_ops ops options options_help options_mdoc options_set options_table \
  pass_concat_in_place pass_fold_batchnorm pass_fold_constants pass_fuse_activation pass_merge_siblings pass_pool_index memory_fit pass_remove_dead pass_reorder_avgpool pass_space_to_depth passes plan plan_memory \
  plan_train print_c print_c_prologue print_c_table reference structure suspects suspects_table train_graph tuning verb_certify verb_explain verb_run verb_summary \
  verb_tune recipe recompute elab_view verb_advise \
  depend diag_json diag_sarif diag_text fmt_align fmt_annotate fmt_layout fmt_lines fmt_space nearest phase words verb_fmt utf8 probe layer_nodes layer_properties verb_diff
ADVICE = advice advice_json advice_text bottleneck head kernels modules norms patch residual rules settings source view width
REPORT = diff diff_json diff_text dot figure html html_advice match measured layer_attrs layers report_load summary_files summary_tree terminal
OPS = adaptiveavgpool add avgpool batchnorm bn_train bn_weights concat conv conv_grad copy crossentropy dropout globalavgpool interleave l2norm linear \
  lrn max maxpool maxpool_index mul normalize relu scale_weights slice softmax space_to_depth zeros
EXPLAIN = explain_layer explain_step
SWEEP = sweep sweep_plot sweep_run sweep_table sweep_values
WEIGHTS = load_plan load_report name_pattern names verb_weights weights_diff weights_embed weights_export weights_import weights_list
KERNELS = channels choose common conv_plain cook_toom cook_toom_leaf cost cut gemm_tile groups loss lrn pointwise pool pool_rows tile_leaf train train_grad \
  train_norm weight_grad weight_grad_fast
FORMATS = cleanup json map_file npy replace safetensors safetensors_convert safetensors_write append crc32c events events_summary histogram wire \
  safetensors_hash sha256
COMPILER_FORMATS = onnx_write npz room tensor_entry tensor_file broken pickle torch_legacy torch_names torch_state torch_zip zip
CORE = batch dropout error init load math memory network packed packing philox pool target
TRAIN = cache step start image image_bmp image_jpeg image_libraries image_png image_pnm resize view image_png_write metrics metrics_text progress rank \
  run_lock runlog runlog_table checkpoint checkpoint_meta optimizer optimizer_rules schedule augment dataset dataset_folder dataset_idx gunzip loader pixels \
  pixels_color
PROGRAM = train train_board train_setup train_epoch train_log bench eval info init input options pack predict program selftest session trace train_bad

COMPILER_O = $(COMPILER:%=$(BUILD)/compiler/%.o) $(OPS:%=$(BUILD)/compiler/ops/%.o) $(KERNELS:%=$(BUILD)/compiler/kernels/%.o) \
  $(WEIGHTS:%=$(BUILD)/compiler/weights/%.o) $(SWEEP:%=$(BUILD)/compiler/sweep/%.o) $(EXPLAIN:%=$(BUILD)/compiler/explain/%.o) $(ADVICE:%=$(BUILD)/compiler/advice/%.o) $(REPORT:%=$(BUILD)/compiler/report/%.o) \
  $(BUILD)/parser.o $(BUILD)/lexer.o
COMPILER_FORMATS_O = $(COMPILER_FORMATS:%=$(BUILD)/formats/%.o)
LIB_O = $(FORMATS:%=$(BUILD)/formats/%.o) $(CORE:%=$(BUILD)/runtime/core/%.o) $(TRAIN:%=$(BUILD)/runtime/train/%.o)
PROGRAM_O = $(PROGRAM:%=$(BUILD)/runtime/program/%.o)
LIBS = -ljpeg -lpng -lz -lm -lpthread

.PHONY: all packages demo check generated check-generated bench clean help
all: $(BUILD)/inceptc $(BUILD)/libinceptrt.a man

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
	$(Q)$(CC) $(STD) $(INC) $(CFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/lexer.o: $(BUILD)/lexer.c $(BUILD)/parser.h
	$(call say,CC    $<)
	$(Q)$(CC) $(STD) $(INC) $(CFLAGS) -MMD -MP -c $< -o $@
# Rows { name, text } of the shells' scripts.
SHELLS = bash zsh fish
$(BUILD)/completion_scripts.h: $(SHELLS:%=compiler/completion/inceptc.%)
	@mkdir -p $(BUILD)
	$(Q)for s in $(SHELLS); do echo "{ \"$$s\","; sed 's/\\/&&/g; s/"/\\"/g; s/.*/  "&\\n"/' compiler/completion/inceptc.$$s; echo "},"; done >$@
$(BUILD)/compiler/completion.o: $(BUILD)/completion_scripts.h
$(BUILD)/%.o: %.c $(BUILD)/parser.h
	$(call say,CC    $<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(INC) $(WARN) $(CFLAGS) -MMD -MP -c $< -o $@

# A text as one C string, a line a line.
$(BUILD)/page_%.inc: compiler/report/page.%
	@mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@
$(BUILD)/compiler/report/html.o: $(BUILD)/page_css.inc $(BUILD)/page_js.inc

$(BUILD)/runtime/train/resize.o: CFLAGS += -O3 # vectors
$(BUILD)/runtime/train/optimizer_rules.o: CFLAGS += -O3 -fno-math-errno # vectors; a square root that sets errno is a call

$(BUILD)/libinceptrt.a: $(LIB_O) $(PROGRAM_O)
	$(call say,AR    $@)
	@rm -f $@
	$(Q)ar rcs $@ $^
$(BUILD)/libinceptc.a: $(filter-out %/main.o,$(COMPILER_O)) $(COMPILER_FORMATS_O)
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

# Manual pages: what the table of options, docs/language.md and rt.h say is taken from there.
MAN = inceptc.1 inceptc-net.5 inceptrt.3
MAN_PARTS = $(BUILD)/man/parts
.PHONY: man
man: $(MAN:%=$(BUILD)/man/%)
$(BUILD)/man/inceptc.1 $(BUILD)/man/inceptc-net.5 $(BUILD)/man/inceptrt.3: $(BUILD)/man/%: docs/man/%.in $(MAN_PARTS)/made
	$(Q)awk -v from=$(MAN_PARTS) -f tools/man/insert.awk $< >$@.tmp && mv $@.tmp $@
$(MAN_PARTS)/made: $(BUILD)/inceptc docs/language.md docs/generated-code.md runtime/rt.h $(wildcard tools/man/*.awk)
	@mkdir -p $(MAN_PARTS)
	$(Q)for p in synopsis verbs options; do $(BUILD)/inceptc --mdoc $$p >$(MAN_PARTS)/$$p || exit 1; done
	$(Q)awk -f tools/man/text.awk -f tools/man/markdown.awk docs/language.md >$(MAN_PARTS)/language
	$(Q)for f in synopsis functions; do awk -v form=$$f -f tools/man/text.awk -f tools/man/header.awk runtime/rt.h >$(MAN_PARTS)/rt-$$f || exit 1; done
	$(Q)sed -n '/^```c main.c/,/^```$$/p' docs/generated-code.md | awk -f tools/man/text.awk -f tools/man/markdown.awk >$(MAN_PARTS)/rt-example
	@touch $@

# `make install PREFIX=/usr DESTDIR=x`. A datadir elsewhere than PREFIX/share must be said to `make all` too: inceptc looks for its
# files from its own place first (compiler/home.c).
PREFIX = /usr/local
bindir = $(PREFIX)/bin
libdir = $(PREFIX)/lib
includedir = $(PREFIX)/include
datadir = $(PREFIX)/share
mandir = $(datadir)/man
$(BUILD)/compiler/home.o: CFLAGS += -DINCEPTC_DATADIR='"$(datadir)/inceptc"'
# What programs are built from, besides rt.h and the library, and what the compiler reads.
SHARED = runtime/program/main.c $(addprefix runtime/train/,image_no_libraries.c image_codecs.h image.h) \
  $(wildcard netdefs/*.net netdefs/README.md netdefs/modules/*.net netdefs/names/*.map netdefs/variants/*.net netdefs/tuning/*.tuning)
PC = $(libdir)/pkgconfig/inceptc.pc
# mode:place:file.
INSTALLED = 755:$(bindir)/inceptc:$(BUILD)/inceptc 644:$(libdir)/libinceptrt.a:$(BUILD)/libinceptrt.a 644:$(includedir)/inceptrt/rt.h:runtime/rt.h \
  644:$(PC):tools/inceptc.pc.in $(foreach f,$(SHARED),644:$(datadir)/inceptc/$(f):$(f)) \
  $(foreach m,$(MAN),644:$(mandir)/man$(lastword $(subst ., ,$(m)))/$(m):$(BUILD)/man/$(m)) \
  644:$(datadir)/bash-completion/completions/inceptc:compiler/completion/inceptc.bash \
  644:$(datadir)/zsh/site-functions/_inceptc:compiler/completion/inceptc.zsh \
  644:$(datadir)/fish/vendor_completions.d/inceptc.fish:compiler/completion/inceptc.fish
# place:what it leads to: the runtime's folder as inceptc wants it, each file once.
LINKED = $(datadir)/inceptc/runtime/rt.h:$(includedir)/inceptrt/rt.h $(datadir)/inceptc/libinceptrt.a:$(libdir)/libinceptrt.a
.PHONY: install uninstall
install: all
	$(Q)set -e; for e in $(INSTALLED); do \
	  mode=$${e%%:*}; e=$${e#*:}; install -D -m $$mode "$${e#*:}" "$(DESTDIR)$${e%%:*}"; done; \
	for e in $(LINKED); do ln -sfr "$(DESTDIR)$${e#*:}" "$(DESTDIR)$${e%%:*}"; done
	$(Q)sed -i -e 's|@prefix@|$(PREFIX)|; s|@libdir@|$(libdir)|; s|@includedir@|$(includedir)|; s|@datadir@|$(datadir)|' \
	  -e "s|@version@|$$(sed -n 's/^#define INCEPTC_VERSION "\(.*\)"/\1/p' compiler/version.h)|" "$(DESTDIR)$(PC)"
uninstall:
	$(Q)for e in $(INSTALLED); do e=$${e#*:}; rm -f "$(DESTDIR)$${e%%:*}"; done; for e in $(LINKED); do rm -f "$(DESTDIR)$${e%%:*}"; done
	$(Q)for d in "$(DESTDIR)$(datadir)/inceptc" "$(DESTDIR)$(includedir)/inceptrt"; do [ ! -d "$$d" ] || find "$$d" -depth -type d -empty -delete; done

# Unit tests: a program of CUnit for each, and the tools of the shell tests. tests/run.sh runs every build/unit_*.
UNIT = runtime/test_runtime formats/test_safetensors formats/test_npy formats/test_tensor_file formats/test_wire graph/test_graph graph/test_name_table graph/test_loop_verify weights/test_names \
  kernels/test_kernels train/test_log train/test_metrics train/test_checkpoint train/test_crash train/test_optimizer train/test_recipe train/test_data \
  train/test_language train/test_loader train/test_gradcheck
TOOLS = train/gradient_tool train/steps_tool train/hash_tool runtime/view_tool formats/tensor_tool onnx/graph_to_onnx train/events_tool train/data_tool train/io_faults cli/diag_tool
UNIT_BIN = $(patsubst test_%,$(BUILD)/unit_%,$(notdir $(UNIT)))
TOOL_BIN = $(addprefix $(BUILD)/,$(notdir $(TOOLS)))
.PHONY: tests-built check-full check-malformed soak-train
tests-built: $(UNIT_BIN) $(TOOL_BIN) $(BUILD)/check_malformed $(BUILD)/conv_blas $(BUILD)/tiny
TEST_LIBS = $(BUILD)/libinceptc.a $(BUILD)/libinceptrt.a
define test_program # its program, its source
$(1): $(2) $(wildcard tests/*.h $(dir $(2))*.h) $(TEST_LIBS)
	$$(Q)$$(CC) $$(STD) $$(INC) -Iruntime $$(CFLAGS) -o $$@ $$< $$(EXTRA) $$(TEST_LIBS) -lcunit -ldl $$(LIBS)
endef
$(foreach t,$(UNIT),$(eval $(call test_program,$(patsubst test_%,$(BUILD)/unit_%,$(notdir $(t))),tests/$(t).c)))
$(foreach t,$(TOOLS),$(eval $(call test_program,$(BUILD)/$(notdir $(t)),tests/$(t).c)))
$(BUILD)/unit_runtime: EXTRA = tests/runtime/tiny_network.c
$(BUILD)/unit_runtime: tests/runtime/tiny_network.c
$(BUILD)/unit_checkpoint $(BUILD)/unit_crash: EXTRA = tests/train/small_training.c tests/runtime/tiny_network.c
$(BUILD)/unit_checkpoint $(BUILD)/unit_crash: tests/train/small_training.c tests/runtime/tiny_network.c
$(BUILD)/conv_blas: bench/conv_blas.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -o $@ $< $(BUILD)/libinceptrt.a -lopenblas $(LIBS)
$(BUILD)/barrier: bench/barrier.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -o $@ $< $(BUILD)/libinceptrt.a $(LIBS)
$(BUILD)/tiny: tests/runtime/tiny_network.c runtime/program/main.c $(BUILD)/libinceptrt.a
	$(Q)$(CC) $(STD) $(CFLAGS) -Iruntime -DRT_PROGRAM_NETWORK=tiny_network -o $@ runtime/program/main.c tests/runtime/tiny_network.c $(BUILD)/libinceptrt.a $(LIBS)

# The whole matrix: 200 random networks, every pass off in turn, both compilers; 200 random networks in training.
check-full: packages
	@$(MAKE) -s all tests-built
	@sh tests/full.sh

# A training killed at N random moments, and gone on with each time.
soak-train: packages
	@$(MAKE) -s all
	@sh tests/train/test_train.sh soak $(N)

# Hostile weights files, under the sanitizers.
check-malformed: packages
	@$(MAKE) -s $(BUILD)/check_malformed
	@sh tests/formats/test_malformed.sh table
READER_C = $(FORMATS:%=formats/%.c) $(COMPILER_FORMATS:%=formats/%.c) runtime/core/error.c
SANITIZED = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
$(BUILD)/check_malformed: tests/formats/check_malformed.c $(READER_C) $(wildcard formats/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(STD) $(SANITIZED) -o $@ $< $(READER_C) -lz -lm

# Against other frameworks, from the package registries (tests/peers/run.sh lists them); what is stored of the references, made anew.
.PHONY: check-peers references
check-peers references: PACKAGES += python3-torch python3-torchvision python3-requests python3-venv python3-pip nodejs chromium fonts-dejavu-core
check-peers: packages
	@$(MAKE) -s all tests-built
	@sh tests/peers/run.sh $(PARTS)
references: packages
	@$(MAKE) -s all
	@sh tests/peers/run.sh store

# Figures, by hand: compile time and size, the speed against im2col + OpenBLAS, and one network beside ONNX Runtime.
bench: packages
	@$(MAKE) -s all $(BUILD)/conv_blas $(BUILD)/barrier
	@sh bench/compile.sh
	@sh bench/yardstick.sh
	@$(BUILD)/barrier
	@sh bench/weights.sh
	@NETS="$${NETS:-googlenet_tv}" PEERS="$${PEERS:-onnxruntime}" ROUNDS="$${ROUNDS:-2}" OUT="$${OUT:-$(BUILD)/bench-peers/results.md}" sh bench/peers.sh

# Beside other frameworks from the package registry, into bench/results.md. NETS, PEERS, THREADS, BATCHES, ROUNDS, TURN (seconds), OUT.
.PHONY: bench-peers
bench-peers bench: PACKAGES += time util-linux g++ python3-dev python3-venv python3-pip
bench-peers: packages
	@$(MAKE) -s all
	@sh bench/peers.sh

# Training beside PyTorch's newest (5 GB, under build/bench-peers), into bench/train.md; the loader beside PIL and torchvision.
# CHAPTERS, THREADS, ROUNDS, TURN (seconds), CLASSIC_BATCH, EPOCHS, OUT.
.PHONY: bench-train bench-loader
bench-train bench-loader: PACKAGES += time util-linux python3-venv python3-pip
bench-train bench-loader: bench-%: packages
	@$(MAKE) -s all
	@sh bench/$*.sh

# libFuzzer on the front end (and all behind it) and on the readers of weights: RUNS executions each, seeds and found inputs first.
RUNS = 1000000
FUZZ = clang -g -O1 $(STD) $(INC) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FRONT = $(filter-out compiler/main.c compiler/depend.c compiler/probe.c compiler/driver%.c compiler/verb_%.c compiler/options%.c compiler/completion.c compiler/interp_io.c compiler/certify%.c \
  compiler/compare.c compiler/reference.c compiler/suspects%.c compiler/onnx%.c,$(COMPILER:%=compiler/%.c))
.PHONY: fuzz
fuzz: PACKAGES += libclang-rt-dev
fuzz: packages
	@$(MAKE) -s $(FUZZERS)
	@sh tests/fuzz/run.sh $(RUNS)
FUZZERS = $(BUILD)/fuzz_net $(BUILD)/fuzz_safetensors $(BUILD)/fuzz_torch $(BUILD)/fuzz_npy $(BUILD)/fuzz_names
$(BUILD)/fuzz_net: tests/fuzz/fuzz_net.c $(BUILD)/inceptc
	$(Q)$(FUZZ) -w -o $@ $< $(FRONT) $(OPS:%=compiler/ops/%.c) $(KERNELS:%=compiler/kernels/%.c) $(BUILD)/parser.c $(BUILD)/lexer.c $(FORMATS:%=formats/%.c) $(CORE:%=runtime/core/%.c) -lm -lpthread
$(BUILD)/fuzz_safetensors: tests/fuzz/fuzz_safetensors.c $(BUILD)/inceptc
	$(Q)$(FUZZ) -w -o $@ $< $(FORMATS:%=formats/%.c) runtime/core/error.c -lm
$(BUILD)/fuzz_torch $(BUILD)/fuzz_npy: $(BUILD)/%: tests/fuzz/%.c tests/fuzz/check_tensors.h $(READER_C)
	@mkdir -p $(@D)
	$(Q)$(FUZZ) -w -o $@ $< $(READER_C) -lz -lm
$(BUILD)/fuzz_names: tests/fuzz/fuzz_names.c compiler/weights/names.c compiler/weights/name_pattern.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ) -w -o $@ $^ compiler/arena.c compiler/diag.c compiler/diag_json.c compiler/diag_sarif.c compiler/diag_text.c compiler/nearest.c compiler/utf8.c formats/json.c runtime/core/error.c

# Committed C, to be read: every network in plain C, GoogLeNet for AVX-512 at the default level. `generate FOLDER` writes both.
GENERATED = generate() { mkdir -p $$1/plain && for n in netdefs/*.net; do \
  $(BUILD)/inceptc $$n --target=plain -o - >$$1/plain/$$(basename $$n .net).c || return 1; done && \
  $(BUILD)/inceptc netdefs/googlenet.net --target=x86-64-v4 -o - >$$1/googlenet.c; }
generated: all
	@$(GENERATED); rm -rf $(BUILD)/generated && generate $(BUILD)/generated && cp -r $(BUILD)/generated/. generated/
check-generated: all
	@$(GENERATED); rm -rf $(BUILD)/generated && generate $(BUILD)/generated && diff -rq $(BUILD)/generated generated || { echo "generated/ is stale: run 'make generated'"; exit 1; }

# The page of differences between published networks, as inceptc prints them.
.PHONY: published-differences
published-differences: all
	@/usr/bin/python3 tests/docs/run_docs.py . docs/published-differences.md --write

clean:
	rm -rf $(BUILD)
help:
	@echo "all man install uninstall demo check check-full check-malformed soak-train check-peers references fuzz bench bench-peers bench-train bench-loader generated check-generated published-differences clean"

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
