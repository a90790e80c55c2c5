/** Pieces of about this many characters are parsed one at a time, so that no text can hold the page up. */
const pieceCharacters = 3_000;
/** A piece without a place to cut ends here at the latest. */
const longestPiece = 20_000;

/**
 * Cuts a long text where a block surely ends: at an empty line before a line that begins a paragraph or a heading,
 * outside of code and display math. The pieces joined are the text.
 */
export function piecesOf(text: string): string[] {
  if (text.length <= pieceCharacters) return [text];
  const pieces: string[] = [];
  let begin = 0;
  let fence = '';
  let math = false;
  let blankBefore = false;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf('\n', at);
    const end = Math.min(newline === -1 ? text.length : newline + 1, at + longestPiece);
    const line = text.slice(at, end);
    const open = fence === '' && !math;
    const cut = open && blankBefore && at - begin >= pieceCharacters && /^[^\s>|*+\-\d]/.test(line);
    if (at > begin && (cut || end - begin > longestPiece)) {
      pieces.push(text.slice(begin, at));
      begin = at;
    }
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === '') fence = mark ?? '';
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = '';
    if (fence === '' && (line.match(/\$\$/g)?.length ?? 0) % 2 === 1) math = !math;
    blankBefore = line.trim() === '';
    at = end;
  }
  pieces.push(text.slice(begin));
  return pieces;
}
