/* pool.h: the test program as a pool of workers; see pool.c. */
#pragma once
int t_pool(int argc, char **argv);
