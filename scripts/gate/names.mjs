// Names at the level of a module that say nothing alone: adjectives, quantities, participles, adverbs.
import ts from "typescript";

const words = (text) => new Set(text.trim().split(/\s+/));

/** Quantities, and nouns that need another noun: of what? */
const quantities =
  words(`all any big both double each eight enough every few fewer fewest first five four half
  kind kinds large largest last least less long longer longest lots many maybe more most much none once one ones only
  part parts rest same second seven several share shares short shorter shortest single six small smaller smallest some
  ten third three tiny twice two way ways whole worst zero`);

const adjectives =
  words(`affordable alive alone awkward bad bare best better blank capital certain cold comparable
  current dark dead decisive deep deepest dense dependent different due empty endless equal evil exact excess existing
  extra fair faint fast faster fine flat fresh full good great grey hard heavy high hostile hot huge idle inner invalid
  lasting late latest likely little local loose low maybe moderate near nearest new newest nice noisy odd old opposite
  optional other others outer own perfect plain planar possible present private proper quick quiet rare raw ready real
  rough safe secret sharp silent similar slow smooth soft sparse stale straight strict strong sure thick thin tight true
  uneven unique unknown usual valid various wide widest wild wrong young`);

const adverbs =
  words(`about above across again ahead along already also always apart around as aside at away back before
  behind below beneath beside besides between beyond by down early elsewhere ever everywhere far farthest for forth from
  hence here how in inside instead into inward later maybe meanwhile never next now of off often on onto opposite out
  outside outward over past rather since so soon still then there through thus till to together too toward towards under
  until up upon very when where while with within without yet`);

/** Participles that do not end in -ed. */
const participles =
  words(`begun bent bound built bought caught done drawn driven fallen found given gone grown held hidden
  kept known laid learnt left lost made meant met paid proven said seen sent shaken shown spent swept taken thrown told
  torn understood undone undrawn unmade woven won written`);

/** Verbs that tell neither what a function returns nor what it changes. */
const verbs = words("asked begin do get go has make must put take use uses");

const nounsInEd = words("bed embed exceed feed need proceed red seed shed speed succeed");

/** Verbs as functions, and adjectives as values. */
const adjectivesAsValues = words("clean close complete free light open");

function tellsNothing(name, isFunction) {
  if (!/^[a-z]+$/.test(name)) return false;
  if (name.endsWith("ed") && !nounsInEd.has(name)) return true;
  if (name.endsWith("ly") || (adjectivesAsValues.has(name) && !isFunction)) return true;
  return [quantities, adjectives, adverbs, participles, verbs].some((list) => list.has(name));
}

const isFunctionValue = ({ initializer }) =>
  initializer !== undefined &&
  (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer));

/** Constants, variables and functions of a module: [{ node, isFunction }]. */
function namesOf(source) {
  const list = [];
  const bind = (name, isFunction) => {
    if (ts.isIdentifier(name)) list.push({ node: name, isFunction });
    else for (const element of name.elements) if (element.name) bind(element.name, false);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement))
      for (const part of statement.declarationList.declarations)
        bind(part.name, isFunctionValue(part));
    if (ts.isFunctionDeclaration(statement) && statement.name) bind(statement.name, true);
  }
  return list;
}

/** Operations have PyTorch's names: `full`, `empty`. */
const isVerbatim = (file) => file.startsWith("packages/engine/torch/src/tensor/");

/** Names that tell nothing alone, as `FILE: NAME` → 1. */
export function findBareNames(tree) {
  const places = new Map();
  for (const { file, source } of tree.filter(({ file }) => !isVerbatim(file)))
    for (const { node, isFunction } of namesOf(source))
      if (tellsNothing(node.text, isFunction)) places.set(`${file}: ${node.text}`, 1);
  return places;
}
