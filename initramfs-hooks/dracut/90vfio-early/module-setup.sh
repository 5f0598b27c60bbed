#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Takes vfio-early, its rules and the modules that they need into an image that dracut builds.

program=/usr/sbin/vfio-early
admin=/usr/sbin/vfio-earlyctl
udev_rule=70-vfio-early.rules
unprotected=/etc/vfio-early.unprotected

check()
{
	require_binaries "$program" "$admin"
}

# It has the hook pre-udev, which runs before udev with systemd in the image and without.
depends()
{
	echo base
}

# All drivers of the kernel that know some device better than vfio-pci does.
vfio_early_variants()
{
	sed -n 's/^alias vfio_pci:[^ ]* //p' "${srcmods:?}/modules.alias" | sort -u
}

# Without $hostonly: what this host has loaded is not what its next boot needs.
vfio_early_add_driver()
{
	case "$1" in
	variant)
		# shellcheck disable=SC2046 # names of modules, one a word
		hostonly='' instmods vfio-pci vfio_iommu_type1 $(vfio_early_variants)
		;;
	*vfio*)
		hostonly='' instmods "$1" vfio_iommu_type1
		;;
	*)
		hostonly='' instmods "$1"
		;;
	esac
}

installkernel()
{
	local driver

	for driver in $("$program" --drivers 2> /dev/null | sort -u); do
		vfio_early_add_driver "$driver"
	done
}

# Without a whole list the boot program binds nothing, and logs why.
vfio_early_bind_nothing()
{
	# shellcheck disable=SC2154 # dracut sets initdir
	local list="$initdir/etc/vfio-early.protected"

	dwarn "vfio-early: this image binds nothing: $*"
	echo "# none: $*" > "$list" || rm -f "$list"
}

# dracut goes on when a module fails; an image without rules must not take the old one's place. A
# kernel's first image has no older one, and a kernel without an image can become the default of the
# boot loader. What kernel-install has made has another path, but then there is one in /boot, too.
vfio_early_refuse()
{
	# shellcheck disable=SC2154 # dracut sets outfile and kernel
	if [ -s "$outfile" ] || [ -s "/boot/initrd.img-$kernel" ]; then
		dfatal "vfio-early: $*; the image was not built"
		exit 1
	fi
	vfio_early_bind_nothing "$*"
}

# Whole or not at all. Where the host can't be seen, a file says on purpose that images protect
# nothing.
vfio_early_protect_host()
{
	local list="$initdir/etc/vfio-early.protected" status=0

	"$admin" protected > "$list.new" || status=$?
	case "$status" in
	0 | 2)
		mv "$list.new" "$list" || status=1
		;;
	esac
	rm -f "$list.new"
	case "$status" in
	0) ;;
	2)
		dwarn "vfio-early: not all that this host stands on is known, see above;" \
			"what is missing is not protected"
		;;
	4)
		if [ -e "$unprotected" ]; then
			inst_simple "$unprotected"
		else
			vfio_early_bind_nothing "built where the host can't be seen"
		fi
		;;
	*)
		vfio_early_bind_nothing "'vfio-earlyctl protected' failed with status $status"
		;;
	esac
}

# Tells later whether rules have changed since this image was built.
vfio_early_note_rules()
{
	if ! "$admin" --root "$initdir" digest > "$initdir/etc/vfio-early.digest"; then
		rm -f "$initdir/etc/vfio-early.digest"
		dwarn "vfio-early: the image has no digest of its rules, see above"
	fi
}

# For devices that come while the image runs. Wherever the host has the program, the image has it
# in /usr/sbin.
vfio_early_copy_udev_rule()
{
	inst_rules "$udev_rule"
	sed -i 's|"/[^ "]*/vfio-early |"/usr/sbin/vfio-early |' \
		"$initdir/usr/lib/udev/rules.d/$udev_rule"
}

# In an image for any host, dracut takes only the files below /usr. The program heeds them all.
vfio_early_copy_options()
{
	inst_multiple -o /etc/modprobe.d/*.conf
}

install()
{
	local drivers file idle=

	if ! drivers=$("$program" --drivers); then
		idle="the rules are not valid"
		vfio_early_refuse "$idle"
	fi
	inst "$program" /usr/sbin/vfio-early
	# shellcheck disable=SC2154 # dracut sets moddir
	inst_hook pre-udev 00 "$moddir/vfio-early.sh"
	for file in /etc/vfio-early.conf /etc/vfio-early.conf.d/*.conf; do
		[ -f "$file" ] && inst_simple "$file"
	done
	vfio_early_note_rules
	[ -n "$drivers" ] && [ -z "$idle" ] || return 0
	vfio_early_protect_host
	vfio_early_copy_options
	vfio_early_copy_udev_rule
}
