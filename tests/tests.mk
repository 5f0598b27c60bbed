# SPDX-License-Identifier: GPL-2.0-or-later
# Tests: what builds them, what they need, what runs them.

TEST_CFLAGS = $(CFLAGS) $(STANDARD) $(WARNINGS) -Werror
PROVE ?= prove
PROVE_JOBS ?= 2
run-tests = VFIO_EARLY_BUILD=$(B) VFIO_EARLY_SYSTEMS='$(SYSTEMS)' CMOCKA_MESSAGE_OUTPUT=TAP \
	$(PROVE) --exec ''

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

# --- unit ------------------------------------------------------------------------------------
# Tables for src/core and what src/bind parses, compiled for them with the sanitizers.

UNIT_CORE := $(patsubst src/%.c,$(B)/sanitized/%.o,$(wildcard src/core/*.c) \
	src/bind/framebuffer.c src/bind/sysfs.c)
UNIT_TESTS := $(patsubst %.c,$(B)/%.t,$(wildcard tests/unit/*.c))

$(B)/sanitized/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc -MMD -MP -c -o $@ $<

$(UNIT_TESTS): $(B)/tests/unit/%.t: tests/unit/%.c $(UNIT_CORE)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE) -Isrc -MMD -MP -o $@ $< $(UNIT_CORE) -lcmocka

TESTS += $(UNIT_TESTS)

check-unit: ## tables: the parsers, the plan
check-unit: $(UNIT_TESTS)
	$(Q)$(run-tests) $(UNIT_TESTS)

# --- scenario --------------------------------------------------------------------------------
# Hosts in a text, made into trees as sysfs shows them, and what the program says of them.

HOSTTREE_SRC := $(addprefix tests/lib/,diff.c files.c hosttree.c)
SCENARIO_TEST := $(B)/tests/scenario/scenario.t

$(SCENARIO_TEST): tests/scenario/scenario.c $(HOSTTREE_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -Itests/lib -MMD -MP -o $@ $^ -lcmocka

$(B)/tests/mkhost: tests/lib/mkhost.c $(filter-out %/diff.c,$(HOSTTREE_SRC))
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -Itests/lib -MMD -MP -o $@ $^

TESTS += $(SCENARIO_TEST)

check-scenario: ## described hosts: what the program says of them
check-scenario: $(SCENARIO_TEST) $(B)/vfio-early
	$(Q)$(run-tests) $(SCENARIO_TEST)

.PHONY: check-unit check-scenario

# --- fuzz ------------------------------------------------------------------------------------
# libFuzzer: tests/fuzz/NAME.c, its seeds corpus/NAME and its words NAME.dict. `make check` runs
# each for some seconds; `make fuzz` for long, and keeps what it learns under $(B)/fuzz.

FUZZ_CC ?= clang
FUZZ_RUNS ?= 10000000
FUZZ_NAMES := rules cmdline sysfs rom grub
FUZZERS := $(FUZZ_NAMES:%=$(B)/tests/fuzz/%)
FUZZ_TEST := $(B)/tests/fuzz/run.t
FUZZ_CFLAGS = -O2 -g $(STANDARD) $(WARNINGS) -Werror $(SANITIZE) \
	-Isrc -Isrc/ctl -MMD -MP

# Only the code under test guides the search, not what checks it. Compared values do not: pointers
# are among them, so that runs with one seed would differ.
FUZZ_GUIDE := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp

FUZZ_CORE := $(patsubst src/%.c,$(B)/fuzzed/%.o,$(wildcard src/core/*.c) \
	src/bind/framebuffer.c src/bind/sysfs.c src/ctl/rom/rom.c \
	$(addprefix src/ctl/bootloader/,config.c files.c words.c grub.c) \
	$(addprefix src/ctl/host/,array.c findings.c host.c))

$(B)/fuzzed/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,FUZZ_CC,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_GUIDE) -c -o $@ $<

$(FUZZERS:=.o) $(B)/tests/fuzz/check.o: $(B)/tests/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(call say,FUZZ_CC,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -c -o $@ $<

$(FUZZERS): %: %.o $(B)/tests/fuzz/check.o $(FUZZ_CORE)
	$(call say,LD,$@)
	$(Q)$(FUZZ_CC) $(SANITIZE) -fsanitize=fuzzer -o $@ $(filter-out $(FUZZ_SKIP),$^)

# It has the source of this one in itself.
$(B)/tests/fuzz/sysfs.o: FUZZ_CFLAGS += $(FUZZ_GUIDE)
$(B)/tests/fuzz/sysfs: FUZZ_SKIP := $(B)/fuzzed/core/pci.o

$(FUZZ_TEST): tests/fuzz/run.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -o $@ $< -lcmocka

TESTS += $(FUZZ_TEST)
TEST_NEEDS += $(FUZZERS)

check-fuzz: ## libFuzzer, some seconds for each parser
check-fuzz: $(FUZZ_TEST) $(FUZZERS)
	$(Q)$(run-tests) $(FUZZ_TEST)

# With -j2 two at a time. An input that fails is left beside the corpus.
fuzz: ## libFuzzer, for long (FUZZ_RUNS)
fuzz: $(FUZZ_NAMES:%=fuzz-%)
$(FUZZ_NAMES:%=fuzz-%): fuzz-%: $(B)/tests/fuzz/%
	@mkdir -p $(B)/fuzz/$*
	nice $< -runs=$(FUZZ_RUNS) -max_len=$(FUZZ_LENGTH) -timeout=10 -print_final_stats=1 \
		-artifact_prefix=$(B)/fuzz/$*- -dict=tests/fuzz/$*.dict \
		$(B)/fuzz/$* tests/fuzz/corpus/$*

# More than the longest line of rules, and all of a configuration space.
fuzz-rules fuzz-cmdline fuzz-grub: FUZZ_LENGTH := 1200
fuzz-sysfs: FUZZ_LENGTH := 4097
# More images than are listed.
fuzz-rom: FUZZ_LENGTH := 9216

.PHONY: check-fuzz fuzz $(FUZZ_NAMES:%=fuzz-%)
-include $(wildcard $(B)/fuzzed/*/*.d $(B)/fuzzed/*/*/*.d)

# --- fault -----------------------------------------------------------------------------------
# Hosts that misbehave: a FUSE file system in the place of sysfs, and every system call failing
# once. Both need root, for /dev/fuse and a mount namespace.

FAULT_SRC := $(addprefix tests/fault/,drivercore.c host.c hostfs.c modules.c trace.c) \
	$(addprefix tests/lib/,files.c hosttree.c)
FAULT_TESTS := $(addprefix $(B)/tests/fault/,inject.t behaviour.t)

$(FAULT_TESTS): $(B)/tests/fault/%.t: tests/fault/%.c $(FAULT_SRC) \
		$(wildcard tests/fault/*.h tests/lib/*.h)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $$(pkg-config --cflags fuse3) -o $@ $< $(FAULT_SRC) \
		-lcmocka $$(pkg-config --libs fuse3)

TESTS += $(FAULT_TESTS)

check-fault: ## hosts that misbehave, and system calls that fail
check-fault: $(FAULT_TESTS) $(B)/vfio-early
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(FAULT_TESTS)

.PHONY: check-fault

# --- ctl -------------------------------------------------------------------------------------
# vfio-earlyctl, compiled with the sanitizers.

include tests/protect/protect.mk
include tests/ctl/look.mk
include tests/ctl/change.mk
include tests/ctl/cmdline.mk
include tests/ctl/doctor.mk
include tests/ctl/setup.mk
include tests/ctl/rom.mk

# --- image and boot --------------------------------------------------------------------------
# Image tests build initramfs images in real Debian systems and look into them; boot tests boot
# such images in QEMU. Both need root, for mmdebstrap and for mounts in a namespace of their own.

# The only place that names them: kernels 6.1 (plain .ko) and 6.12 (.ko.xz).
TEST_SUITES ?= bookworm trixie
TEST_ROOTS := $(TEST_SUITES:%=$(B)/roots/%) $(B)/roots/trixie-full $(B)/roots/trixie-dracut \
	$(B)/roots/trixie-vm
# What tests take that are not about one of them.
SYSTEMS = $(TEST_SUITES)
# The last three bring the libraries of vfio-earlyctl, whose own names differ between suites.
TEST_ROOT_PACKAGES := udev kmod klibc-utils busybox zstd libarchive-tools libjansson4 libpci3
TEST_ROOT_KERNEL = linux-image-amd64$(if $(filter %-backports,$*),/$*)
# What makes the images, one of two that exclude one another.
TEST_ROOT_MORE = $(if $(filter %-dracut,$*),dracut,initramfs-tools) \
	$(if $(filter %-full,$*),$(TEST_ROOT_FULL_PACKAGES)) \
	$(if $(filter %-vm,$*),$(TEST_ROOT_VM_PACKAGES))
# What a host needs besides, to stand on more than a disk; and the bootloaders' tools.
TEST_ROOT_FULL_PACKAGES := cryptsetup-initramfs e2fsprogs iproute2 lvm2 mdadm \
	grub2-common systemd-boot
# What a host needs that starts from its own disk and runs virtual machines.
TEST_ROOT_VM_PACKAGES := e2fsprogs grub2-common grub-pc-bin qemu-system-x86 \
	shim-signed grub-efi-amd64-signed

BENCH_SRC := $(addprefix tests/boot/,command.c expect.c file.c grub.c image.c machine.c \
	report.c)
BENCH_OBJ := $(BENCH_SRC:%.c=$(B)/%.o)
BOOT_TESTS := $(patsubst %.c,$(B)/%.t,$(wildcard tests/boot/[0-9]*.c))
IMAGE_TESTS := $(patsubst %.c,$(B)/%.t,$(wildcard tests/image/[0-9]*.c))
PACKAGE_TESTS := $(patsubst %.c,$(B)/%.t,$(wildcard tests/package/[0-9]*.c))
SYSTEM_TESTS := $(BOOT_TESTS) $(PACKAGE_TESTS) $(IMAGE_TESTS)

include tests/matrix/matrix.mk

$(BENCH_OBJ) $(B)/tests/boot/demo.o $(SYSTEM_TESTS:.t=.o) $(MATRIX_TEST:.t=.o): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -Itests/boot -MMD -MP -c -o $@ $<

$(SYSTEM_TESTS) $(MATRIX_TEST): %.t: %.o $(BENCH_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^ -lcmocka

$(B)/tests/boot/demo: $(B)/tests/boot/demo.o $(filter-out %/expect.o,$(BENCH_OBJ))
	$(call say,LD,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -o $@ $^

# The guest: one static program as /sbin/init of a file system with the folders that an initramfs
# moves its mounts to, and the file without which systemd switches to no root.
$(B)/tests/boot/guest: tests/boot/guest.c tests/boot/work.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -static -MMD -MP -o $@ $^

$(B)/tests/boot/guest.img: $(B)/tests/boot/guest
	$(call say,GEN,$@)
	$(Q)rm -rf $(B)/tests/boot/guest-root $@ && \
	mkdir -p $(addprefix $(B)/tests/boot/guest-root/,dev etc proc root run sbin sys) && \
	touch $(B)/tests/boot/guest-root/etc/os-release && \
	cp $< $(B)/tests/boot/guest-root/sbin/init && \
	mke2fs -q -t ext4 -L guest -d $(B)/tests/boot/guest-root $@.part 8M && mv $@.part $@

# A system is whole when it bears its name. mmdebstrap sees none of the machine's apt settings, so
# those that decide whether the mirror can be read are handed over.
$(sort $(TEST_ROOTS) $(MATRIX_ROOTS)): $(B)/roots/%:
	@mkdir -p $(@D)
	$(call say,DEBIAN,$@)
	$(Q)test -n "$(DEBIAN_MIRROR)" || { echo "$$kmod_no_mirror" >&2; exit 1; }
	$(Q)rm -rf --one-file-system $@.part
	$(Q)apt-config dump | grep -E '^Acquire::(https?|Check-|Retries)' >$@.conf || true
	$(Q)INITRD=No mmdebstrap --quiet --mode=root --variant=essential --skip=check/qemu \
		--include='$(TEST_ROOT_KERNEL) $(TEST_ROOT_PACKAGES) $(TEST_ROOT_MORE)' \
		--keyring=$(DEBIAN_KEYRING) \
		--aptopt=$(abspath $@).conf --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		$(firstword $(subst -, ,$*)) $@.part "$(DEBIAN_MIRROR)" \
		$(if $(filter %-backports,$*),"deb $(DEBIAN_MIRROR) $* main")
	$(Q)mv $@.part $@

roots: ## make the Debian systems that tests use
roots: $(TEST_ROOTS)

# What the image tests lay over a Debian system, made anew each time so that it is never stale.
# The same with the programs in another folder.
stage: ## what the tests install
stage: $(B)/vfio-early
	$(Q)rm -rf $(B)/stage $(B)/stage-local
	$(Q)$(MAKE) --no-print-directory install DESTDIR=$(abspath $(B))/stage >/dev/null
	$(Q)$(MAKE) --no-print-directory install DESTDIR=$(abspath $(B))/stage-local \
		SBINDIR=/usr/local/sbin >/dev/null

check-image: ## what mkinitramfs and dracut made
check-image: $(IMAGE_TESTS) stage $(TEST_ROOTS)
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(IMAGE_TESTS)

check-boot: ## Debian kernels in QEMU
check-boot: $(BOOT_TESTS) stage $(TEST_ROOTS) $(B)/tests/boot/guest.img
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(BOOT_TESTS)

# The package that `make deb` builds, in the systems that it is for.
check-package: ## the package, from installation to purge
check-package: $(PACKAGE_TESTS) $(DEB) $(TEST_ROOTS) $(B)/tests/boot/guest.img
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(PACKAGE_TESTS)

# The longest first, so that no processor idles at the end.
TESTS := $(SYSTEM_TESTS) $(TESTS)
TEST_NEEDS += $(B)/vfio-early $(DEB) stage $(TEST_ROOTS) $(B)/tests/boot/guest.img

include tests/fleet/fleet.mk

demo-run: $(B)/tests/boot/demo stage $(B)/roots/trixie $(B)/tests/boot/guest.img
	$(Q)VFIO_EARLY_BUILD=$(B) $(B)/tests/boot/demo

# --- bench -----------------------------------------------------------------------------------
# What a boot pays, beside what people use instead. Takes ten minutes, root, and for what is not
# counted but timed a quiet machine. BENCH_PARTS names some of the parts.

BENCH_PARTS ?= boot size scale slow
BENCH := $(B)/tests/bench/bench
BENCH_SETS := 3 16
BENCH_FLOORS := $(BENCH_SETS:%=$(B)/tests/bench/floor-%)
BENCH_GUEST_SRC := $(addprefix tests/bench/,process.c guest/loading.c guest/runner.c guest/sysfs.c)
BENCH_HOST_SRC := $(wildcard tests/bench/*.c) \
	$(addprefix tests/boot/,command.c file.c grub.c image.c) \
	$(addprefix tests/fault/,drivercore.c host.c hostfs.c) \
	$(addprefix tests/lib/,files.c hosttree.c)

$(BENCH): $(BENCH_HOST_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $$(pkg-config --cflags fuse3) -Itests/boot -MMD -MP -o $@ $^ \
		$$(pkg-config --libs fuse3) -lm

$(B)/tests/bench/runner: $(BENCH_GUEST_SRC)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) -static -MMD -MP -o $@ $^

# Addresses, and the files that modprobe would load, in its order, are compiled in.
bench_strings = sed 's/.*/"&",/' | tr -d '\n'
bench_modules = chroot $(B)/roots/trixie sh -c \
	'modprobe --show-depends -S "$$(ls /lib/modules)" vfio-pci' | \
	sed -n 's|^insmod \([^ ]*\).*|/usr\1|p' | awk '!seen[$$0]++'

$(BENCH_FLOORS): $(B)/tests/bench/floor-%: tests/bench/guest/floor.c tests/bench/guest/devices-% \
		| $(B)/roots/trixie
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q){ printf '#define FLOOR_MODULES ' && $(bench_modules) | $(bench_strings) && \
		printf '\n#define FLOOR_DEVICES ' && cat $(word 2,$^) | $(bench_strings) && echo; } >$@.h
	$(Q)$(CC) -static -nostdlib -Os $(WARNINGS) -Werror -include $@.h -s -o $@ $<

bench-run: $(BENCH) $(B)/tests/bench/runner $(BENCH_FLOORS) $(B)/vfio-early stage \
		$(B)/roots/trixie
	$(Q)VFIO_EARLY_BUILD=$(B) $(BENCH) $(BENCH_PARTS)

.PHONY: bench-run

# --- all -------------------------------------------------------------------------------------

# Each section adds to TESTS what is to be run, and to TEST_NEEDS what must be there for that.
# `make check` comes here when all packages are installed. The slowest tests are listed before prove's
# own last lines.
slowest = awk '/^(Test Summary Report|All tests successful|Files=)/ { ending = 1 } \
	ending { last = last $$0 "\n"; next } \
	{ print; fflush() } \
	match($$0, /[0-9]+ ms /) { took = substr($$0, RSTART, RLENGTH - 4); \
		print took / 1000, $$2 | "sort -rn | sed -e 10q >$(B)/slowest" } \
	END { close("sort -rn | sed -e 10q >$(B)/slowest"); print "The ten slowest, in seconds:"; \
		while ((getline line <"$(B)/slowest") > 0) print "  " line; printf "%s", last }'

check-run: $(TESTS) $(TEST_NEEDS)
	$(Q){ $(run-tests) --timer -j$(PROVE_JOBS) $(TESTS); echo $$? >$(B)/check.status; } | $(slowest); \
		exit $$(cat $(B)/check.status)

.PHONY: check-run check-image check-boot check-package roots stage demo-run
.SECONDARY: $(SYSTEM_TESTS:.t=.o)
-include $(wildcard $(B)/sanitized/*/*.d $(B)/tests/*/*.d)
