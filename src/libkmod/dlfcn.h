/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for <dlfcn.h>, which klibc lacks: libkmod's dlsym_many() must compile,
 * but without the compression libraries nothing calls it and the linker drops it.
 */
#ifndef VFIO_EARLY_DLFCN_H
#define VFIO_EARLY_DLFCN_H

#define RTLD_LAZY 1

void *dlopen(const char *name, int flags);
void *dlsym(void *handle, const char *symbol);
int dlclose(void *handle);

#endif
