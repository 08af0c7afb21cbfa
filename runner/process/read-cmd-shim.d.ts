// read-cmd-shim brings no types.
declare module 'read-cmd-shim' {
  interface ReadCmdShim {
    /** What the shim at this path starts, relative to its folder. Throws for other files (ENOTASHIM) and for none. */
    sync(path: string): string;
  }
  const readCmdShim: ReadCmdShim;
  export default readCmdShim;
}
