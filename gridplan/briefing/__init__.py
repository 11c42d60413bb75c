"""The brief: the paragraph of figures for officials, from a released plan, each figure traceable to its table."""
