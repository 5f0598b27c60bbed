/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures that were measured several times. */
#include "series.h"

#include <math.h>
#include <stdlib.h>

void series_add(struct series *series, double value)
{
	if (series->count < SERIES_MAX)
		series->values[series->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double series_median(const struct series *series)
{
	struct series sorted = *series;
	size_t middle = sorted.count / 2;

	if (sorted.count == 0)
		return NAN;
	qsort(sorted.values, sorted.count, sizeof(sorted.values[0]), compare);
	if (sorted.count % 2)
		return sorted.values[middle];
	return (sorted.values[middle - 1] + sorted.values[middle]) / 2;
}

double series_ratio(const struct series *series, const struct series *floor)
{
	struct series ratios = { .count = 0 };

	for (size_t i = 0; i < series->count && i < floor->count; i++)
		series_add(&ratios, series->values[i] / floor->values[i]);
	return series_median(&ratios);
}

double series_exponent(const double *x, const double *y, size_t count)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0, n = (double)count;

	for (size_t i = 0; i < count; i++) {
		double a = log(x[i]), b = log(y[i]);

		sx += a;
		sy += b;
		sxx += a * a;
		sxy += a * b;
	}
	return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}
