// Cuts what a process prints into lines, as bytes until a line is whole: strings grown by each chunk cost the square of a long line.
const NEWLINE = 0x0a;

/** Calls `take` with the text of each line. */
export function eachLine(stream, take) {
  let rest = [];
  stream.on('data', (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      take(Buffer.concat([...rest, chunk.subarray(start, end)]).toString());
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  });
}
