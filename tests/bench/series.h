/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures that were measured several times. */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <stddef.h>

#define SERIES_MAX 64

struct series {
	double values[SERIES_MAX]; /* by round */
	size_t count;
};

/* What does not fit is not taken. */
void series_add(struct series *series, double value);

/* NAN of none. */
double series_median(const struct series *series);

/* The median of the ratios of each round: what slows a whole round down is in both. */
double series_ratio(const struct series *series, const struct series *floor);

/* The exponent b of y = a * x^b, by least squares. */
double series_exponent(const double *x, const double *y, size_t count);

#endif
