// Whether the system says whose a file is and who else may read it. Windows does not: there every file has mode 0666 and no owner,
// and what keeps others out are the access lists of its folder, which a user's own folders have.

/** Whether owners and modes mean anything here. */
export const hasFileOwners = (): boolean => process.geteuid !== undefined;
