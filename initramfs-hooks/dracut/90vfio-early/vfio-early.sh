#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Hands PCI devices to vfio-pci. As a pre-udev hook it is through before udev begins.

# What it did is in the kernel log; whatever it was, the boot goes on.
/usr/sbin/vfio-early || :
