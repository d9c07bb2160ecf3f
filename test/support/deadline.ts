/** Until a test file has ended, all its processes included; the longest takes a quarter of an hour beside another. */
export const FILE_DEADLINE_MS = 20 * 60_000;
