/* SPDX-License-Identifier: MIT */
void map_and_keep(void);
void touch(void);	/* the mapping that is there */
void use_stale(void);	/* the one before */
void use_of_host(volatile char *p);
