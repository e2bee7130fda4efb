# Writes hsmm.csv: muscle cells (Trapnell 2014) at 0, 24, 48 and 72 hours in ten principal components of their 1,000 most
# variable genes. Debian: apt-get install r-bioc-hsmmsinglecell
library(HSMMSingleCell)
data(HSMM_expr_matrix, HSMM_sample_sheet)
x <- log1p(as.matrix(HSMM_expr_matrix))
x <- x[rowMeans(x > log1p(1)) > 0.1, ]
variable <- order(apply(x, 1, var), decreasing = TRUE)[1:1000]
pcs <- prcomp(t(x[variable, ]), rank. = 10)$x
cells <- HSMM_sample_sheet[rownames(pcs), ]
table <- data.frame(cell = rownames(pcs), hours = cells$Hours, state = paste0("s", cells$State), signif(pcs, 6))
write.csv(table, "hsmm.csv", row.names = FALSE, quote = FALSE)
