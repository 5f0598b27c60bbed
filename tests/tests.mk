# SPDX-License-Identifier: GPL-2.0-or-later
# Tests: what builds them, what they need, what runs them.

TEST_CFLAGS = $(CFLAGS) $(STANDARD) $(WARNINGS) -Werror
PROVE ?= prove
# One more than most have processors: some tests wait.
PROVE_JOBS ?= 3
run-tests = VFIO_EARLY_BUILD=$(B) VFIO_EARLY_SYSTEMS='$(SYSTEMS)' CMOCKA_MESSAGE_OUTPUT=TAP \
	$(PROVE) --exec ''

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
# A process starts and ends in two thirds of the time if gcc links its sanitizers like this.
SANITIZE_LINK := $(SANITIZE) -static-libasan -static-libubsan
# With -O2, gcc takes more than half as long again to compile them.
SANITIZE_CFLAGS = $(TEST_CFLAGS) $(SANITIZE) -O1

# --- programs --------------------------------------------------------------------------------
# A test is tests/KIND/NAME.c, and is built from that, from what the table below names, and from
# libraries as far as it calls them.

tests = $(patsubst %,$(B)/tests/%.t,$(1))
all_of = $(patsubst tests/%.c,%,$(wildcard tests/$(1)/$(2)*.c))
part = $(patsubst %,$(B)/tests/%.o,$(1))
lib = $(patsubst %,$(B)/tests/lib/%.o,$(1))

UNIT_TESTS := $(call tests,$(call all_of,unit,))
SCENARIO_TEST := $(call tests,scenario/scenario)
FUZZ_TEST := $(call tests,fuzz/run)
FAULT_TESTS := $(call tests,fault/inject fault/behaviour)
PROTECT_TESTS := $(call tests,$(call all_of,protect,))
LOOK_TESTS := $(call tests,look/look ctl/completion)
DOCTOR_TEST := $(call tests,ctl/doctor)
CHANGE_TESTS := $(call tests,$(addprefix ctl/,digest examples image import edits live names replace vm \
	wordlist))
CMDLINE_TESTS := $(call tests,$(addprefix ctl/,cmdline-grub cmdline cmdline-system next-kernel))
SETUP_TESTS := $(call tests,ctl/setup ctl/setupfault)
ROM_TESTS := $(call tests,ctl/rom ctl/romcard)
FLEET_TEST := $(call tests,fleet/10-ansible-role)
MATRIX_TEST := $(call tests,matrix/matrix)
BOOT_TESTS := $(call tests,$(call all_of,boot,[0-9]))
IMAGE_TESTS := $(call tests,$(call all_of,image,[0-9]))
PACKAGE_TESTS := $(call tests,$(call all_of,package,[0-9]))
SYSTEM_TESTS := $(BOOT_TESTS) $(PACKAGE_TESTS) $(IMAGE_TESTS)

# The longest first, so that no processor idles at the end: of a minute or more, and all others.
LONG_TESTS := $(call tests,$(addprefix boot/,205-protected-stacks 295-card-in-nested-vm \
	207-network-root 300-pinned-kernel 290-session-with-systemd 200-protected-host 206-data-disk) image/27-no-list \
	ctl/setupfault fleet/10-ansible-role package/10-life-of-a-package fault/inject \
	boot/20-identical-cards package/30-boots boot/120-command-line boot/260-uefi-display ctl/live \
	image/95-dracut boot/150-dracut ctl/doctor look/look)
TESTS := $(LONG_TESTS) $(filter-out $(LONG_TESTS),$(SYSTEM_TESTS) $(UNIT_TESTS) $(SCENARIO_TEST) \
	$(FUZZ_TEST) $(FAULT_TESTS) $(PROTECT_TESTS) $(LOOK_TESTS) $(CHANGE_TESTS) $(CMDLINE_TESTS) \
	$(DOCTOR_TEST) $(SETUP_TESTS) $(ROM_TESTS) $(FLEET_TEST))

HOSTTREE := $(call lib,diff files hosttree)
HOST := $(HOSTTREE) $(call lib,silent tree)
RUN := $(HOST) $(call lib,command run)
DRIVER_CORE := $(call lib,drivercore files host hostfs hosttree trace)
MACHINE := $(call lib,command files grub image machine report)

SANITIZED_CTL := $(B)/sanitized/vfio-earlyctl
CTL_PARTS := $(B)/sanitized/ctl.a

$(UNIT_TESTS): $(patsubst src/%.c,$(B)/sanitized/%.o,$(wildcard src/core/*.c) src/bind/framebuffer.c \
	src/bind/sysfs.c)
$(SCENARIO_TEST): $(HOSTTREE)
$(FAULT_TESTS): $(DRIVER_CORE) $(call part,fault/modules)
$(FUZZ_TEST): $(call lib,files)
$(PROTECT_TESTS): $(HOST) $(CTL_PARTS)
$(LOOK_TESTS) $(DOCTOR_TEST) $(CHANGE_TESTS) $(CMDLINE_TESTS): $(RUN)
$(call tests,$(addprefix ctl/,cmdline-grub names next-kernel replace wordlist)): $(CTL_PARTS)
$(call tests,ctl/edits ctl/live protect/faults): $(DRIVER_CORE)
$(SETUP_TESTS): $(RUN) $(DRIVER_CORE) $(call part,ctl/setuphost)
$(ROM_TESTS): $(RUN) $(call part,ctl/makerom ctl/romfs)
$(FLEET_TEST): $(call lib,command files hosttree) $(call part,fleet/container fleet/exposition)
$(SYSTEM_TESTS) $(MATRIX_TEST): $(MACHINE) $(call lib,expect)

# What calls functions of src has the sanitizers, as these have.
SANITIZED_TESTS := $(UNIT_TESTS) $(PROTECT_TESTS) \
	$(call tests,$(addprefix ctl/,cmdline-grub names next-kernel replace wordlist))
$(SANITIZED_TESTS:.t=.o): private MORE = $(SANITIZE)
$(SANITIZED_TESTS): private MORE = $(SANITIZE_LINK)

# Other programs. Those that run in a guest or in another system are static.
BENCH := $(B)/tests/bench/bench
TOOLS := $(BENCH) $(B)/tests/lib/mkhost $(B)/tests/boot/demo $(B)/tests/fleet/enter
STATIC_TOOLS := $(B)/tests/boot/guest $(B)/tests/ctl/cmdline-standin $(B)/tests/bench/guest/runner

$(B)/tests/lib/mkhost: $(call lib,files hosttree)
$(B)/tests/boot/demo: $(MACHINE)
$(B)/tests/boot/guest: $(call part,boot/work)
$(B)/tests/bench/guest/runner: $(call part,bench/process bench/guest/loading bench/guest/sysfs)
$(BENCH): $(call part,$(call all_of,bench,)) $(filter-out %/trace.o,$(DRIVER_CORE)) \
	$(call lib,command grub image silent tree)
$(BENCH): private LIBS = $(FUSE_LIBS) -lcmocka -lm
$(STATIC_TOOLS): private MORE = -static

FUSE_LIBS = $$(pkg-config --libs fuse3)
$(TESTS) $(MATRIX_TEST): private LIBS = -Wl,--as-needed -lcmocka $(CTL_LIBS) $(FUSE_LIBS) -lutil

link = $(CC) $(TEST_CFLAGS) $(MORE) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(B)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(MORE) -Itests/lib -Isrc -Isrc/ctl -I/usr/include/fuse3 -MMD -MP \
		-c -o $@ $<

$(TESTS) $(MATRIX_TEST): %.t: %.o
	$(call say,LD,$@)
	$(Q)$(link)

$(TOOLS) $(STATIC_TOOLS): %: %.o
	$(call say,LD,$@)
	$(Q)$(link)

$(B)/sanitized/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(SANITIZE_CFLAGS) -Isrc $(CTL_CFLAGS) -MMD -MP -c -o $@ $<

$(SANITIZED_CTL): $(call ctl_objects,sanitized)
	$(call say,LINK,$@)
	$(Q)$(CC) $(TEST_CFLAGS) $(SANITIZE_LINK) -o $@ $^ $(CTL_LIBS)

$(CTL_PARTS): $(filter-out %/main.o,$(call ctl_objects,sanitized))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# --- fuzz ------------------------------------------------------------------------------------
# libFuzzer: tests/fuzz/NAME.c, its seeds corpus/NAME and its words NAME.dict. `make check` runs
# each for some seconds; `make fuzz` for long, and keeps what it learns under $(B)/fuzz.

FUZZ_CC ?= clang
FUZZ_RUNS ?= 10000000
FUZZ_NAMES := rules cmdline sysfs rom grub routes guests files
FUZZERS := $(FUZZ_NAMES:%=$(B)/tests/fuzz/%)
FUZZ_CFLAGS = -O2 -g $(STANDARD) $(WARNINGS) -Werror $(SANITIZE) \
	-Isrc $(CTL_CFLAGS) -MMD -MP

# Only the code under test guides the search, not what checks it. Compared values do not: pointers
# are among them, so that runs with one seed would differ.
FUZZ_GUIDE := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp

FUZZ_CORE := $(patsubst src/%.c,$(B)/fuzzed/%.o,$(wildcard src/core/*.c) \
	src/bind/framebuffer.c src/bind/sysfs.c src/ctl/rom/rom.c \
	$(addprefix src/ctl/bootloader/,config.c entries.c words.c grub.c) \
	$(addprefix src/ctl/vm/,guests.c libvirt.c proxmox.c) \
	$(addprefix src/ctl/host/,deadline.c distance.c findings.c host.c joined.c run.c) \
	$(addprefix src/ctl/protect/,routes.c rtnetlink.c))

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
	$(Q)$(FUZZ_CC) $(SANITIZE) -fsanitize=fuzzer -o $@ $(filter-out $(FUZZ_SKIP),$^) $(LIBS)

# These have the source of one in themselves.
$(B)/tests/fuzz/sysfs.o: FUZZ_CFLAGS += $(FUZZ_GUIDE)
$(B)/tests/fuzz/sysfs: FUZZ_SKIP := $(B)/fuzzed/core/pci.o
$(B)/tests/fuzz/routes.o: FUZZ_CFLAGS += $(FUZZ_GUIDE)
$(B)/tests/fuzz/routes: FUZZ_SKIP := $(B)/fuzzed/ctl/protect/rtnetlink.o

# All that reads, on a described host.
$(B)/tests/fuzz/files: $(patsubst src/%.c,$(B)/fuzzed/%.o,$(wildcard src/bind/*.c) \
	$(filter-out src/ctl/command/% src/ctl/doctor/%,$(wildcard src/ctl/*/*.c))) $(HOST)
$(B)/tests/fuzz/files: FUZZ_SKIP := $(B)/fuzzed/ctl/host/deadline.o
$(B)/tests/fuzz/files: private LIBS = $(CTL_LIBS) -lcmocka
$(B)/tests/fuzz/files.o: FUZZ_CFLAGS += -Itests/lib

# With -j2 two at a time. An input that fails is left beside the corpus.
fuzz: ## libFuzzer, for long (FUZZ_RUNS)
fuzz: $(FUZZ_NAMES:%=fuzz-%)
$(FUZZ_NAMES:%=fuzz-%): fuzz-%: $(B)/tests/fuzz/%
	@mkdir -p $(B)/fuzz/$*
	nice $< -runs=$(FUZZ_RUNS) -max_len=$(FUZZ_LENGTH) -timeout=10 -print_final_stats=1 \
		-artifact_prefix=$(B)/fuzz/$*- -dict=tests/fuzz/$*.dict \
		$(B)/fuzz/$* tests/fuzz/corpus/$*

# More than the longest line of rules, and all of a configuration space.
fuzz-rules fuzz-cmdline fuzz-grub fuzz-guests: FUZZ_LENGTH := 1200
fuzz-sysfs fuzz-routes fuzz-files: FUZZ_LENGTH := 4097
# More images than are listed.
fuzz-rom: FUZZ_LENGTH := 9216

.PHONY: fuzz $(FUZZ_NAMES:%=fuzz-%)
-include $(wildcard $(B)/fuzzed/*/*.d $(B)/fuzzed/*/*/*.d)

# --- systems ---------------------------------------------------------------------------------
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
TEST_ROOT_FULL_PACKAGES := cryptsetup-initramfs e2fsprogs iproute2 lvm2 mdadm nbd-client \
	grub2-common systemd-boot
# What a host needs that starts from its own disk and runs virtual machines.
TEST_ROOT_VM_PACKAGES := e2fsprogs grub2-common grub-pc-bin qemu-system-x86 \
	shim-signed grub-efi-amd64-signed

# What no test reads; the hook of nbd-client, which takes every driver of a network card.
TEST_ROOT_TEXTS := usr/share/doc/* usr/share/locale/* usr/share/man/* \
	usr/share/initramfs-tools/hooks/nbd-client

# Every release that check-matrix is for: a suite, with -backports for the kernel from there, or
# -dracut. One that is there already is taken as it is; the table tells of which day.
MATRIX_SYSTEMS ?= bookworm bookworm-backports trixie trixie-dracut sid sid-dracut
MATRIX_ROOTS := $(MATRIX_SYSTEMS:%=$(B)/roots/%)

# The guest: its program as /sbin/init of a file system with the folders that an initramfs moves its
# mounts to, and the file without which systemd switches to no root.
$(B)/tests/boot/guest.img: $(B)/tests/boot/guest
	$(call say,GEN,$@)
	$(Q)rm -rf $(B)/tests/boot/guest-root $@ && \
	mkdir -p $(addprefix $(B)/tests/boot/guest-root/,dev etc proc root run sbin sys) && \
	touch $(B)/tests/boot/guest-root/etc/os-release && \
	cp $< $(B)/tests/boot/guest-root/sbin/init && \
	mke2fs -q -t ext4 -L guest -d $(B)/tests/boot/guest-root $@.part 8M && mv $@.part $@

# A module for the kernel of Debian 12. mmdebstrap only fetches the kernel's headers: if it installed
# them, a compiler would come with them.
$(B)/headers: | $(B)/roots/bookworm
	$(call say,DEBIAN,$@)
	$(Q)rm -rf --one-file-system $@.part
	$(Q)release=$$(ls $|/lib/modules) && \
	mmdebstrap --quiet --mode=root --skip=check/qemu --variant=custom \
		--customize-hook="cd \"\$$1\" && export APT_CONFIG=\$$MMDEBSTRAP_APT_CONFIG && \
			apt-get -qq -o APT::Sandbox::User=root download linux-headers-$$release \
				linux-headers-$${release%-*}-common linux-kbuild-$${release%%.0-*} && \
			for deb in *.deb; do dpkg-deb -x \$$deb . || exit; done" \
		--keyring=$(DEBIAN_KEYRING) --aptopt=$(abspath $|).conf bookworm $@.part "$(DEBIAN_MIRROR)"
	$(Q)sed -i 's|/usr/src|$(abspath $@)&|' $@.part/usr/src/*-amd64/Makefile && rm $@.part/*.deb
	$(Q)mv $@.part $@

# The kernel's own rules name a version of gcc. Its build writes beside the source.
$(B)/tests/boot/bootfb/bootfb.ko: tests/boot/bootfb/bootfb.c tests/boot/bootfb/Kbuild | $(B)/headers
	$(call say,KO,$@)
	$(Q)mkdir -p $(@D) && cp $^ $(@D)
	$(Q)env -u MAKEFLAGS -u MFLAGS $(MAKE) -s -C $(B)/headers/usr/src/*-amd64 \
		M=$(abspath $(@D)) CC=gcc modules

# A system is whole when it bears its name. mmdebstrap sees none of the machine's apt settings, so
# those that decide whether the mirror can be read are passed on. To leave out texts by --dpkgopt takes
# twice the time: mmdebstrap then sends what it unpacks through a filter.
$(sort $(TEST_ROOTS) $(MATRIX_ROOTS)): $(B)/roots/%:
	@mkdir -p $(@D)
	$(call say,DEBIAN,$@)
	$(Q)test -n "$(DEBIAN_MIRROR)" || { echo "$$kmod_no_mirror" >&2; exit 1; }
	$(Q)rm -rf --one-file-system $@.part
	$(Q)apt-config dump | grep -E '^Acquire::(https?|Check-|Retries)' >$@.conf || true
	$(Q)INITRD=No mmdebstrap --quiet --mode=root --skip=check/qemu \
		$(if $|,--variant=custom --setup-hook='cp -a $|/. "$$1"',--variant=essential) \
		--include='$(TEST_ROOT_KERNEL) $(TEST_ROOT_PACKAGES) $(TEST_ROOT_MORE)' \
		--keyring=$(DEBIAN_KEYRING) \
		--aptopt=$(abspath $@).conf --dpkgopt=force-unsafe-io \
		--extract-hook='cd "$$1" && rm -rf $(TEST_ROOT_TEXTS) && \
			printf "path-exclude=/%s\n" $(TEST_ROOT_TEXTS:%="%") >etc/dpkg/dpkg.cfg.d/texts' \
		$(firstword $(subst -, ,$*)) $@.part "$(DEBIAN_MIRROR)" \
		$(if $(filter %-backports,$*),"deb $(DEBIAN_MIRROR) $* main")
	$(Q)mv $@.part $@

# These are the plain system and more.
$(B)/roots/trixie-full $(B)/roots/trixie-vm: | $(B)/roots/trixie

roots: ## make the Debian systems that tests use
roots: $(TEST_ROOTS)

# What the image tests lay over a Debian system, made each time so that it is never stale.
# The same with the programs in another folder.
stage: ## what the tests install
stage: $(B)/vfio-early $(CTL)
	$(Q)rm -rf $(B)/stage $(B)/stage-local
	$(Q)$(MAKE) --no-print-directory install DESTDIR=$(abspath $(B))/stage >/dev/null
	$(Q)$(MAKE) --no-print-directory install DESTDIR=$(abspath $(B))/stage-local \
		SBINDIR=/usr/local/sbin >/dev/null

# --- checks ----------------------------------------------------------------------------------

check-unit: ## tables: the parsers, the plan
check-unit: $(UNIT_TESTS)
check-scenario: ## described hosts: what the program says of them
check-scenario: $(SCENARIO_TEST) $(B)/vfio-early
check-fuzz: ## libFuzzer, some seconds for each parser
check-fuzz: $(FUZZ_TEST) $(FUZZERS)
check-fault: ## hosts that misbehave, and system calls that fail
check-fault: $(FAULT_TESTS) $(B)/vfio-early
check-protect: ## devices in use of described hosts
check-protect: $(PROTECT_TESTS) $(SANITIZED_CTL) $(CTL)
check-look: ## what vfio-earlyctl prints
check-look: $(LOOK_TESTS) $(SANITIZED_CTL)
check-change: ## what changes rules and drivers
check-change: $(CHANGE_TESTS) $(SANITIZED_CTL) $(CTL) $(B)/vfio-early
check-cmdline: ## cmdline and enable-iommu
check-cmdline: $(CMDLINE_TESTS) $(SANITIZED_CTL) $(CTL) $(B)/tests/ctl/cmdline-standin $(B)/roots/trixie-full
check-doctor: ## doctor
check-doctor: $(DOCTOR_TEST) $(SANITIZED_CTL)
check-setup: ## setup
check-setup: $(SETUP_TESTS) $(SANITIZED_CTL) $(CTL)
check-rom: ## expansion ROMs
check-rom: $(ROM_TESTS) $(SANITIZED_CTL)
check-image: ## what mkinitramfs and dracut made
check-image: $(IMAGE_TESTS) stage $(TEST_ROOTS)
check-boot: ## Debian kernels in QEMU
check-boot: $(BOOT_TESTS) stage $(TEST_ROOTS) $(B)/tests/boot/guest.img
$(B)/tests/boot/260-uefi-display.t: | $(B)/tests/boot/bootfb/bootfb.ko
check-package: ## the package, from installation to purge
check-package: $(PACKAGE_TESTS) $(DEB) $(TEST_ROOTS) $(B)/tests/boot/guest.img
check-fleet: ## the Ansible role
check-fleet: $(FLEET_TEST) $(B)/tests/fleet/enter stage $(TEST_ROOTS)

CHECKS := $(patsubst %,check-%,unit scenario fuzz fault protect look change cmdline doctor setup rom \
	image boot package fleet)
$(CHECKS):
	$(Q)$(run-tests) -j$(PROVE_JOBS) $(filter %.t,$^)

# The table is among the comments, and in $(B)/matrix.md.
check-matrix-run: SYSTEMS = $(MATRIX_SYSTEMS)
check-matrix-run: $(MATRIX_TEST) check-matrix-life $(DEB) $(MATRIX_ROOTS) $(B)/tests/boot/guest.img
	$(Q)$(run-tests) --comments $(MATRIX_TEST)

# It looks into images of initramfs-tools; `make check` has the suites that are missing here.
check-matrix-life: SYSTEMS = $(filter-out $(TEST_SUITES) %-dracut,$(MATRIX_SYSTEMS))
check-matrix-life: $(call tests,package/10-life-of-a-package) $(DEB) $(MATRIX_ROOTS)
	$(if $(SYSTEMS),$(Q)$(run-tests) $<)

matrix-roots: $(MATRIX_ROOTS)

demo-run: $(B)/tests/boot/demo stage $(B)/roots/trixie $(B)/tests/boot/guest.img
	$(Q)VFIO_EARLY_BUILD=$(B) $(B)/tests/boot/demo

# --- bench -----------------------------------------------------------------------------------
# What a boot pays, beside what people use instead. Takes ten minutes, root, and for what is not
# counted but timed a quiet machine. BENCH_PARTS names some of the parts.

BENCH_PARTS ?= boot timed size scale tool slow
BENCH_SUITES := trixie bookworm $(notdir $(wildcard $(B)/roots/sid))
BENCH_SETS := trixie-16 $(BENCH_SUITES:=-3)
BENCH_FLOORS := $(BENCH_SETS:%=$(B)/tests/bench/floor-%)
BENCH_PLAIN_FLOORS := $(BENCH_SETS:%=$(B)/tests/bench/floor-plain-%)

# Addresses, and the files that modprobe would load, in its order, are compiled in.
bench_strings = sed 's/.*/"&",/' | tr -d '\n'
bench_modules = chroot $(B)/roots/$* sh -c \
	'modprobe --show-depends -S "$$(ls /lib/modules)" vfio-pci' | \
	sed -n 's|^insmod \([^ ]*\).*|/usr\1|p' | awk '!seen[$$0]++'

# The modules that the image has instead, without the one that only VMs need.
bench_plain = sed -e '/iommu_type1/d' -e 's|kernel/.*/\([^/]*\)[.]xz$$|updates/vfio-early/\1|'

$(BENCH_SUITES:%=$(B)/tests/bench/modules-%): $(B)/tests/bench/modules-%: | $(B)/roots/%
	@mkdir -p $(@D)
	$(Q)$(bench_modules) >$@.part && mv $@.part $@

$(BENCH_FLOORS): private FORM := cat
$(BENCH_PLAIN_FLOORS): private FORM = $(bench_plain)

# floor-SUITE-SET, floor-plain-SUITE-SET
bench_set = $(lastword $(subst -, ,$1))
bench_suite = $(lastword $(subst -, ,$(patsubst %-$(bench_set),%,$1)))
.SECONDEXPANSION:
$(BENCH_FLOORS) $(BENCH_PLAIN_FLOORS): tests/bench/guest/floor.c \
		tests/bench/guest/devices-$$(call bench_set,$$@) $(B)/tests/bench/modules-$$(call bench_suite,$$@)
	$(call say,CC,$@)
	$(Q)$(FORM) $(word 3,$^) >$@.modules
	$(Q){ printf '#define FLOOR_FLAGS ' && \
		{ grep -qx '.*[.]xz' $@.modules && echo MODULE_INIT_COMPRESSED_FILE || echo 0; } && \
		printf '#define FLOOR_MODULES ' && cat $@.modules | $(bench_strings) && \
		printf '\n#define FLOOR_DEVICES ' && cat $(word 2,$^) | $(bench_strings) && echo; } >$@.h
	$(Q)$(CC) -static -nostdlib -Os $(WARNINGS) -Werror -include $@.h -s -o $@ $<

bench-run: $(BENCH) $(B)/tests/bench/guest/runner $(BENCH_FLOORS) $(BENCH_PLAIN_FLOORS) $(B)/vfio-early stage \
		$(CTL) $(BENCH_SUITES:%=$(B)/roots/%)
	$(Q)VFIO_EARLY_BUILD=$(B) $(BENCH) $(BENCH_PARTS)

.PHONY: bench-run

# `make check` comes here when all packages are installed. The slowest tests and what failed are
# listed before prove's own last lines.
slowest = awk '/^(Test Summary Report|All tests successful|Files=)/ { ending = 1 } \
	ending { last = last $$0 "\n"; next } \
	{ print; fflush() } \
	/^ERROR: / { failed = failed $$0 "\n" } \
	/^\# .*: error: / { failed = failed before "\n" $$0 "\n" } \
	{ before = $$0 } \
	match($$0, /[0-9]+ ms /) { took = substr($$0, RSTART, RLENGTH - 4); \
		print took / 1000, $$2 | "sort -rn | sed -e 10q >$(B)/slowest" } \
	END { close("sort -rn | sed -e 10q >$(B)/slowest"); print "The ten slowest, in seconds:"; \
		while ((getline line <"$(B)/slowest") > 0) print "  " line; printf "%s%s", failed, last }'

check-run: $(TEST_ROOTS) $(DEB) $(TESTS) $(FUZZERS) $(SANITIZED_CTL) $(CTL) $(B)/vfio-early stage \
		$(B)/tests/boot/guest.img $(B)/tests/ctl/cmdline-standin $(B)/tests/fleet/enter
	$(Q){ $(run-tests) --timer -j$(PROVE_JOBS) $(TESTS); echo $$? >$(B)/check.status; } 2>&1 | $(slowest); \
		exit $$(cat $(B)/check.status)

.PHONY: $(CHECKS) check-run check-matrix-run check-matrix-life matrix-roots roots stage demo-run
.SECONDARY: $(TESTS:.t=.o) $(MATRIX_TEST:.t=.o) $(TOOLS:=.o) $(STATIC_TOOLS:=.o)
-include $(wildcard $(B)/sanitized/*/*.d $(B)/sanitized/*/*/*.d $(B)/tests/*/*.d $(B)/tests/bench/guest/*.d)
