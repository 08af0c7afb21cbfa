// The version of the config file, which is neither that of the package nor that of the link.

/** Grows when a file that was right before would mean something else or be refused. New settings alone do not change it. */
export const CONFIG_VERSION = 1;
