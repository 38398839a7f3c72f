/** Floor 2. Lets so many in at once; the others wait in their order. */

export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** `limit` is asked anew whenever somebody comes or goes. */
export function openGate(limit: () => number): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;

  function letIn(): void {
    while (inside < limit()) {
      const next = waiting.shift();
      if (next === undefined) return;
      inside += 1;
      next();
    }
  }

  return {
    async run(work) {
      await new Promise<void>((enter) => {
        waiting.push(enter);
        letIn();
      });
      try {
        return await work();
      } finally {
        inside -= 1;
        letIn();
      }
    },
  };
}
