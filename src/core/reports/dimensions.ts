/** Floor 0. What a summary can be asked for. Alone in its file: the command line reads it at each start. */

/** `day`, `reporter`, `policy`: of all sessions. `result`, `source`, `mx`: of failures only. */
export const dimensions = ['result', 'source', 'mx', 'policy', 'reporter', 'day'] as const;
export type SummaryDimension = (typeof dimensions)[number];
