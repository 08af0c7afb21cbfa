// The code by which the system and Node distinguish errors.

/** Such as `ENOENT` or `ERR_PARSE_ARGS_UNKNOWN_OPTION`; undefined for an error without one. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
