// Loops of our own kernels: written to be vectorised, compiled for each kind of processor; no step of them depends on how
// wide the vectors are, so that every processor gives the same numbers.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && __GNUC__ >= 12
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif
