"""Programs in C that time their own work, for a cell and for a native compiler alike.

Each prints the nanoseconds of the fastest of many short rounds, which a busy machine disturbs least.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SOURCES"]

_MAIN: Final = """
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile double sink;

%s

int main(void) {
    struct timespec begin, end;
    long long best = INT64_MAX;
    prepare();
    for (int round = 0; round < 30; round++) {
        clock_gettime(CLOCK_MONOTONIC, &begin);
        sink = work();
        clock_gettime(CLOCK_MONOTONIC, &end);
        long long taken = (end.tv_sec - begin.tv_sec) * 1000000000LL + (end.tv_nsec - begin.tv_nsec);
        best = taken < best ? taken : best;
    }
    printf("%%lld %%.9g\\n", best, (double)sink);
    return 0;
}
"""

_FIB: Final = """
static void prepare(void) {}
static uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static volatile uint32_t n = 26;
static double work(void) { return fib(n); }
"""

_SHA256: Final = """
static uint8_t data[1 << 18];
static uint32_t constants[64];

static uint32_t root_bits(double root) { return (uint32_t)((root - (uint32_t)root) * 4294967296.0); }
static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void prepare(void) { /* the fractions of cube roots; by Newton, so that no library is measured */
    int found = 0;
    for (int n = 2; found < 64; n++) {
        int prime = 1;
        for (int d = 2; d * d <= n; d++) prime &= n % d != 0;
        if (!prime) continue;
        double root = n;
        for (int i = 0; i < 60; i++) root -= (root * root * root - n) / (3 * root * root);
        constants[found++] = root_bits(root);
    }
    for (int i = 0; i < 1 << 18; i++) data[i] = (uint8_t)(i * 31);
}

static void block(uint32_t state[8], const uint8_t *bytes) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)bytes[4 * i] << 24 | bytes[4 * i + 1] << 16 | bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7];
        w[i] += rotate(b, 17) ^ rotate(b, 19) ^ b >> 10;
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t one = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t first = s[7] + one + choice + constants[i] + w[i];
        uint32_t two = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
        uint32_t second = two + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

static double work(void) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a};
    for (size_t at = 0; at < sizeof data; at += 64) block(state, data + at);
    return state[0];
}
"""

_NBODY: Final = """
static double position[5][3], speed[5][3], mass[5];

static void prepare(void) {
    for (int i = 0; i < 5; i++) {
        mass[i] = i == 0 ? 39.47 : 0.01 * i;
        for (int k = 0; k < 3; k++) {
            position[i][k] = i * (5.1 + k) - 0.3 * k;
            speed[i][k] = i == 0 ? 0 : (k - 1) * 0.9 / i;
        }
    }
}

extern double sqrt(double);

static double work(void) {
    for (int step = 0; step < 10000; step++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double d[3], square = 0;
                for (int k = 0; k < 3; k++) {
                    d[k] = position[i][k] - position[j][k];
                    square += d[k] * d[k];
                }
                double pull = 0.001 / (square * sqrt(square));
                for (int k = 0; k < 3; k++) {
                    speed[i][k] -= d[k] * mass[j] * pull;
                    speed[j][k] += d[k] * mass[i] * pull;
                }
            }
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 3; k++) position[i][k] += 0.001 * speed[i][k];
    }
    return position[0][0];
}
"""

_MATMUL: Final = """
#define N 256
static double a[N][N], b[N][N], c[N][N];

static void prepare(void) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (i * 7 + j) % 13;
            b[i][j] = (i + j * 5) % 11;
        }
}

static double work(void) {
    memset(c, 0, sizeof c);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            double factor = a[i][k];
            for (int j = 0; j < N; j++) c[i][j] += factor * b[k][j];
        }
    return c[17][42];
}
"""

_TRIAD: Final = """
#define SIZE (1 << 14)
static double a[SIZE], b[SIZE], c[SIZE];

static void prepare(void) {
    for (int i = 0; i < SIZE; i++) {
        b[i] = i % 17;
        c[i] = i % 5;
    }
}

static double work(void) {
    for (int round = 0; round < 200; round++) {
        double factor = 1.0 + round;
        for (int i = 0; i < SIZE; i++) a[i] = b[i] + factor * c[i];
        b[round % SIZE] = a[(round * 7) % SIZE] > 1e300;
    }
    return a[1234];
}
"""

SOURCES: Final = {
    name: _MAIN % work
    for name, work in {
        "fib 26": _FIB,
        "sha256 of 256 KiB": _SHA256,
        "n-body": _NBODY,
        "matmul 256, double": _MATMUL,
        "triad, double": _TRIAD,
    }.items()
}
