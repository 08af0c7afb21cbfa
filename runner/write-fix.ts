// What to do when the system refuses to write, by its code.

const WRITE_FIXES: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'Go to a folder in which you may write'],
  ['EPERM', 'Go to a folder in which you may write'],
  ['EROFS', 'Go to a folder in which you may write'],
  ['ENOSPC', 'Make room on that disk'],
  ['EDQUOT', 'Make room in your quota'],
  ['EFBIG', 'Raise the limit of file sizes (ulimit -f)'],
]);

/** Without a full stop, since another way may follow. */
export const writeFix = (code: string): string => WRITE_FIXES.get(code) ?? 'Look at it';
