// Times of processes as Linux tells them.

/** Seconds of the processor in a line of /proc/PID/stat, in ticks of a hundredth. */
export const processorSeconds = (stat) => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
