/** `<project>-<what>`, in letters that every file system and header takes. */
export function fileName(project: string, what: string): string {
  const slug = project
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `${slug || 'project'}-${what}`;
}
