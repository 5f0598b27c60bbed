# SPDX-License-Identifier: GPL-2.0-or-later
# libkmod from Debian's kmod source package, built on klibc.
#
# For the including Makefile: LIBKMOD is the archive, LIBKMOD_CFLAGS finds <libkmod.h>, and
# whatever includes that header needs $(LIBKMOD) as an (order-only) prerequisite.

# The one place that names the suite. 34 has what 33 brought: the kernel decompresses modules.
KMOD_SUITE ?= trixie
KMOD_MIN := 34

# A directory with the source of kmod, to be used in place of Debian's.
KMOD_SRC ?=

# The first Debian mirror in this machine's apt configuration; the shell of a recipe asks for it.
# Suites such as -security and -updates, which may live elsewhere, have a dash in their codename.
DEBIAN_MIRROR ?= $$(apt-get indextargets --format '$$(CODENAME) $$(REPO_URI)' \
	'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | \
	awk '$$1 !~ /-/ && $$2 !~ /^(cdrom|file):/ { print $$2; exit }')
DEBIAN_KEYRING ?= /usr/share/keyrings/debian-archive-keyring.gpg

kmod_here := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
kmod_build := $(B)/libkmod
kmod_apt := $(abspath $(B))/apt
kmod_fetched := $(kmod_build)/kmod-$(KMOD_SUITE)
kmod_tree := $(or $(KMOD_SRC),$(kmod_fetched))

LIBKMOD := $(kmod_build)/libkmod.a
LIBKMOD_CFLAGS := -I$(kmod_tree)/libkmod

# Above the machine's own settings (proxies, Check-Valid-Until, ...): state of our own, one
# source, nothing unsigned whatever the machine allows, and none of its hooks after an update.
define kmod_apt_conf
Dir::State "$(kmod_apt)";
Dir::State::status "/dev/null";
Dir::Cache "$(kmod_apt)";
Dir::Etc::SourceList "$(kmod_apt)/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
APT::Get::AllowUnauthenticated "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
endef
export kmod_apt_conf

define kmod_no_mirror
E: no Debian mirror in the configuration of apt. Run apt-get update, or name
E: a mirror (make DEBIAN_MIRROR=URL), or the source of kmod (make KMOD_SRC=DIRECTORY).
endef
export kmod_no_mirror

# The signed Sources index says all that a .dsc says, so what is checked against the index needs
# no .dsc; some caches lack it. Only the last step makes the directory that later runs look for.
$(kmod_fetched):
	$(call say,FETCH,kmod from $(KMOD_SUITE))
	$(Q)test -n "$(DEBIAN_MIRROR)" || { echo "$$kmod_no_mirror" >&2; exit 1; }
	$(Q)rm -rf $@.part $(kmod_apt) && mkdir -p $@.part $(kmod_apt)/lists/partial
	$(Q)echo "$$kmod_apt_conf" >$(kmod_apt)/apt.conf
	$(Q)echo "deb-src [signed-by=$(DEBIAN_KEYRING)] $(DEBIAN_MIRROR) $(KMOD_SUITE) main" \
		>$(kmod_apt)/sources.list
	$(Q)apt-get -qq -c $(kmod_apt)/apt.conf --error-on=any update
	$(Q)cd $@.part && for part in tar diff; do \
			apt-get -qq -c $(kmod_apt)/apt.conf -o APT::Sandbox::User=root \
				source --download-only --$$part-only kmod || exit; \
		done && \
		apt-cache -c $(kmod_apt)/apt.conf showsrc --only-source kmod | \
			awk -v RS= -v part="$$(ls kmod_*.debian.tar.*)" 'index($$0, part)' | \
			sed -e 's/^Package:/Source:/' -e '/\.dsc$$/d' >kmod.dsc && \
		dpkg-source -q -x kmod.dsc tree
	$(Q)mv $@.part/tree $@ && rm -rf $@.part $(kmod_apt)

# Written only when another tree is asked for, so that switching rebuilds.
$(kmod_build)/source: FORCE | $(if $(KMOD_SRC),,$(kmod_fetched))
	$(Q)mkdir -p $(@D)
	$(Q)version=$$(sed -n "/^ *version : '/ { s///; s/[^0-9].*//p; q }" \
		$(kmod_tree)/meson.build 2>/dev/null); \
	test "$${version:-0}" -ge $(KMOD_MIN) || { \
		echo "E: $(kmod_tree) is not the source of kmod $(KMOD_MIN) or later;" \
			"name another (make KMOD_SRC=DIRECTORY)." >&2; exit 1; }
	$(Q)echo '$(abspath $(kmod_tree))' | cmp -s - $@ || echo '$(abspath $(kmod_tree))' >$@

kmod_objects := $(patsubst %,$(kmod_build)/%.o,libkmod/libkmod \
	$(addprefix libkmod/libkmod-,builtin config file index list module signature) \
	$(addprefix shared/,array hash strbuf util))

# Only SSE wants a stack aligned to 16 bytes; klibc is built without it, too. Optimisation at link time
# leaves of libkmod what is called: nothing for commands, for ELF or for loading by force. A function
# that is inlined into its one caller has 480 bytes more in all (gcc 12).
KLIBC_CFLAGS := -Oz -mno-sse -mpreferred-stack-boundary=3 -flto=1 -fno-inline-functions-called-once

# NDEBUG: 1 KB of checks of how libkmod is called, which on klibc could only abort.
kmod_cflags := $(KLIBC_CFLAGS) -I$(kmod_here) -I$(kmod_tree) -DNDEBUG \
	-ffile-prefix-map=$(kmod_tree)/= -Wall -Werror=implicit-function-declaration \
	-include $(kmod_here)/config.h -include $(kmod_here)/shim.h

$(kmod_objects) $(kmod_build)/shim.o: $(kmod_build)/source $(wildcard $(kmod_here)/*.h) \
	$(kmod_here)/libkmod.mk $(if $(KMOD_SRC),$(wildcard $(addprefix $(KMOD_SRC)/,*/*.[ch])))

$(kmod_objects): $(kmod_build)/%.o:
	$(call say,KLCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(KLCC) $(kmod_cflags) -c -o $@ $(kmod_tree)/$*.c

$(kmod_build)/shim.o: $(kmod_here)/shim.c
	$(call say,KLCC,$@)
	$(Q)$(KLCC) $(kmod_cflags) -c -o $@ $<

$(LIBKMOD): $(kmod_objects) $(kmod_build)/shim.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && gcc-ar rcsD $@ $^

.PHONY: FORCE
