/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - telltls-report: makes reports, sends what is due, and ends */

#include "config.h"

#include <time.h>

#include "reporter/program.h"

int main(int argc, char **argv)
{
	return program_main(argc, argv, time(NULL), NULL);
}
