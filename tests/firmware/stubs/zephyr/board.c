/* Zephyr itself calls main: nothing is needed around it. */
typedef int nothing;
