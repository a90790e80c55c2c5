/** Who or what wrote a message. */
export type AuthorKind = 'trainer' | 'model' | 'import';
