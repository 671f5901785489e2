// The words of a proposed repair; they stand among the others.

export const PROPOSAL_WORDS = {
  proposal: ["怎么修", "A repair"],
  proposalAsk: ["看修复方案", "See a repair"],
  proposalWait: ["正在计算…", "Working it out…"],
  proposalBefore: ["现在", "Now"],
  proposalAfter: ["修复后", "Repaired"],
  proposalOf: ["修复前后的图形，只画出会改动的网格", "Shapes before and after, of the grids that would change"],
  proposalWho: ["归谁", "Who gets it"],
  proposalLongest: ["共边最长者", "Longest border"],
  proposalMiddle: ["沿中线分", "Middle line"],
  proposalHomes: ["有 {n} 户换网格。", "{n} households get another grid."],
  proposalHome: ["有 {n} 户换网格。", "{n} household gets another grid."],
  proposalNoHomes: ["没有住户换网格。", "No household gets another grid."],
  proposalOnly: ["这只是方案，没有改动任何网格。", "This is a proposal: no grid is changed."],
  proposalGrid: ["网格", "Grid"],
} as const;
