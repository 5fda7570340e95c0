/** Resource name of an owner. */
export function ownerName(owner: string): string {
  return `owners/${owner}`;
}

/** Resource name of a study. */
export function studyName(owner: string, study: string): string {
  return `${ownerName(owner)}/studies/${study}`;
}

/** Resource name of a trial. */
export function trialName(study: string, trial: number): string {
  return `${study}/trials/${trial}`;
}

/** The id at the end of a resource name. Ids hold no `/`. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
