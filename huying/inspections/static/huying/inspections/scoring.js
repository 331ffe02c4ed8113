// What a checklist amounts to, counted as the server counts it (huying/inspections/scoring.py, line by line).
export const PASS = "pass", FAIL = "fail", NOT_APPLICABLE = "not applicable";
const own = Object.prototype.hasOwnProperty; // older phones have no Object.hasOwn
const COMPARE = {
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  "==": (a, b) => a === b, "!=": (a, b) => a !== b,
};

/** pass, fail, not applicable, or "" for what is no answer to this item. */
export function verdict(item, answer) {
  if (answer === NOT_APPLICABLE) return NOT_APPLICABLE;
  if (!item.reading) return answer === PASS || answer === FAIL ? answer : "";
  if (typeof answer !== "number" || !Number.isFinite(answer)) return "";
  return item.bounds.some((group) => group.every(([sign, bound]) => COMPARE[sign](answer, bound))) ? PASS : FAIL;
}

/** What these answers (by code of item) are worth; `standard` is what `scoring_data` gives. */
export function score(standard, answers) {
  let earned = 0, applicable = 0, critical = "";
  const failed = [], unanswered = [];
  for (const item of standard.items) {
    const said = verdict(item, own.call(answers, item.code) ? answers[item.code] : null);
    if (said === PASS) earned += item.points;
    else if (said === FAIL) {
      failed.push(item.code);
      if (item.critical && critical !== "zero") critical = item.critical;
    } else if (said === "") unanswered.push(item.code);
    if (said === PASS || said === FAIL) applicable += item.points;
  }
  let tenths;
  if (critical === "zero") tenths = 0;
  else if (applicable) {
    // Whole numbers below 2^53: the remainder is exact, a quotient of floats might not be.
    const doubled = 2000 * earned + applicable;
    tenths = (doubled - (doubled % (2 * applicable))) / (2 * applicable);
  } else tenths = failed.length ? 0 : 1000;
  const complete = !unanswered.length;
  const graded = critical ? Math.min(tenths, standard.pass - 1) : tenths;
  return {
    earned, applicable, tenths,
    passed: complete && !critical && tenths >= standard.pass,
    grade: (complete && standard.grades.find((grade) => grade.since <= graded)?.title) || "",
    failed, unanswered,
  };
}
