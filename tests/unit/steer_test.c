// SPDX-License-Identifier: GPL-2.0
/*
 * adeos/proto/steer.c: the arithmetic, and the clock that it steers if Linux does as
 * adjtimex(2) says.
 */
#include <stdint.h>

#include "proto/steer.h"
#include "tap.h"

#define KHZ	2400000
#define START	1893456000000000000LL	/* ns since the epoch: 2030 */

static const struct adeos_steer_time start = { .tsc = 1ULL << 40, .ns = START };

static u64 distance(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

static void times(void)
{
	struct adeos_steer_time t = start;

	t.mult = adeos_steer_mult_nominal(KHZ);
	ok(distance(adeos_steer_at(&t, t.tsc + 3ULL * KHZ * 1000), START + 3 * STEER_SECOND) < 4,
	   "three seconds later");
	ok(distance(adeos_steer_at(&t, t.tsc - KHZ), START - 1000000) < 2,
	   "a TSC that is behind by a millisecond says so, and no more");
	ok(adeos_steer_at(&t, t.tsc) == START &&
	   distance(adeos_steer_at(&t, t.tsc - 1), START) <= 1,
	   "now, and a cycle ago");
	ok(distance(adeos_steer_at(&t, t.tsc + 86400000ULL * KHZ),
		    START + 86400 * STEER_SECOND) < 100000,
	   "a day later, to within what the rate is rounded by");
	t.mult = adeos_steer_mult_nominal(100);
	ok(distance(adeos_steer_at(&t, t.tsc + 1000 * 100), START + STEER_SECOND) < 2,
	   "a TSC of 100 kHz");
}

static void rates(void)
{
	u64 nominal = adeos_steer_mult_nominal(KHZ), second = 1000ULL * KHZ;

	ok(distance(adeos_steer_mult(STEER_SECOND, second, KHZ), nominal) <= 1, "the nominal rate");
	ok(distance(adeos_steer_mult(60 * STEER_SECOND, 60 * second, KHZ), nominal) <= 8,
	   "  measured in a minute");
	ok(distance(adeos_steer_mult(STEER_SECOND / 100 * 101, second, KHZ),
		    nominal / 100 * 101) < 200,
	   "1 % faster");
	ok(adeos_steer_mult(STEER_SECOND, 0, KHZ) == nominal &&
	   adeos_steer_mult(0, second, KHZ) == nominal &&
	   adeos_steer_mult(STEER_SECOND, second / 2, KHZ) == nominal &&
	   adeos_steer_mult(UINT64_MAX, 1, KHZ) == nominal &&
	   adeos_steer_mult(1, UINT64_MAX, KHZ) == nominal,
	   "what cannot be is not believed");
}

/* By how much a clock with this plan is ahead of one without, ppb */
static double plan_ppb(const struct adeos_steer_plan *p)
{
	return (p->tick - 10000) * 100000.0 + p->freq * 1000.0 / 65536;
}

static void plans(void)
{
	u64 nominal = adeos_steer_mult_nominal(KHZ);
	struct adeos_steer_plan p;
	double worst = 0, ppb, got;
	int right = 1;
	u64 mult;

	ok(adeos_steer_plan(&p, 0, STEER_STEP, nominal, KHZ) && p.tick == 10000 && p.offset == 0 &&
	   plan_ppb(&p) >= -1 && plan_ppb(&p) <= 1, "nothing to do");
	for (mult = nominal - nominal / 30; mult < nominal + nominal / 30; mult += nominal / 9973) {
		ppb = (mult * (double)KHZ * 1000 / 4294967296.0) - 1e9;
		adeos_steer_plan(&p, 0, STEER_STEP, mult, KHZ);
		got = plan_ppb(&p) - ppb;
		worst = got > worst ? got : -got > worst ? -got : worst;
		/* What adjtimex() takes, and without a step of the tick half of it */
		if (p.freq > 500 << 16 || p.freq < -(500 << 16) || p.tick < 9000 || p.tick > 11000)
			right = 0;
	}
	ok(right && worst < 2, "rates up to 3 % are followed to 2 ppb, in units of adjtimex()");
	right = 1;
	for (mult = 1; mult; mult <<= 1) {
		adeos_steer_plan(&p, INT64_MAX, STEER_STEP, mult - 1, KHZ);
		if (p.tick < 9600 || p.tick > 10400 || p.offset)
			right = 0;
	}
	ok(right, "no rate that the root could tell makes more than 4 %");
	ok(!adeos_steer_plan(&p, STEER_STEP + 1, STEER_STEP, nominal, KHZ) && !p.offset &&
	   !adeos_steer_plan(&p, -STEER_STEP - 1, STEER_STEP, nominal, KHZ) && !p.offset &&
	   !adeos_steer_plan(&p, INT64_MIN, STEER_STEP, nominal, KHZ) &&
	   adeos_steer_plan(&p, STEER_STEP, STEER_STEP, nominal, KHZ) && p.offset == STEER_STEP / 2,
	   "more than a second is set");
	ok(!adeos_steer_plan(&p, 1000001, STEER_STEP_FIRST, nominal, KHZ) &&
	   adeos_steer_plan(&p, 999999, STEER_STEP_FIRST, nominal, KHZ),
	   "the first time, more than a millisecond");
}

/*
 * A vnode whose root's clock runs so many ppm fast; it begins @behind ns behind,
 * and looks each second, or, where that is busy, sometimes much later.
 * Returns by how much it is off at the end, or a second, if it had to be set or
 * did what nobody may see: ran backwards, or by more than Linux complains about.
 */
static double steered(double ppm, double behind, int busy)
{
	double rate = 1e9 * (1 + ppm / 1e6), offset = 0, own_ppb = 0, chunk;
	struct adeos_steer_plan p;
	int second, next = 0;
	u64 mult = rate * 4294967296.0 / (KHZ * 1000.0);

	for (second = 0; second < 180; second++) {
		if (second == next) {
			if (!adeos_steer_plan(&p, behind, STEER_STEP, mult, KHZ))
				return 1e9;
			own_ppb = plan_ppb(&p);
			offset = p.offset;
			next += busy && second < 120 ? 1 + second * 7 % 12 : 1;
		}
		chunk = offset / 8;
		offset -= chunk;
		if (own_ppb + chunk > 1.1e8 || own_ppb + chunk < -1.1e8)
			return 1e9;
		behind += rate - 1e9 - own_ppb - chunk;
	}
	return behind < 0 ? -behind : behind;
}

static void clocks(void)
{
	static const double ppm[] = { 0, 1, -13, 500, -500, 10000, -10000, 35000, -35000 };
	static const double behind[] = { 0, 1e5, -1e5, 1e8, -1e8, 9e8, -9e8 };
	double off, worst = 0;
	unsigned int i, j, busy;

	for (i = 0; i < ARRAY_SIZE(ppm); i++)
		for (j = 0; j < ARRAY_SIZE(behind); j++)
			for (busy = 0; busy < 2; busy++) {
				off = steered(ppm[i], behind[j], busy);
				if (off > worst)
					worst = off;
			}
	printf("# off by at most %.0f ns\n", worst);
	ok(worst < 1e5, "3.5 % fast or slow, 0.9 s away: all come to be right without a step");
}

static void adjusts(void)
{
	/* Two packages of 16 APIC IDs; the root boots on 18 */
	ok(adeos_steer_tsc_adjust(77, -5, 31, 18, 4) == -5 &&
	   adeos_steer_tsc_adjust(0, -5, 16, 18, 4) == -5 &&
	   adeos_steer_tsc_adjust(9, 0, 19, 18, 4) == 0,
	   "TSC_ADJUST in the root's package is the root's");
	ok(adeos_steer_tsc_adjust(77, -5, 15, 18, 4) == 77 &&
	   adeos_steer_tsc_adjust(0, -5, 32, 18, 4) == 0,
	   "TSC_ADJUST in another package is what it was");
}

int main(void)
{
	times();
	rates();
	plans();
	clocks();
	adjusts();
	printf("1..%u\n", tests);
	return failures != 0;
}
