"""The brief: the paragraph of figures for officials, from a released plan, each figure with its table and the one printed for Tangshan."""
