# The columns of the counts of counts.test.ts that vary most, by Seurat (Debian: r-cran-seurat).
suppressMessages(library(Seurat))
n <- 120
d <- 60
count <- function(k, i) {
  share <- (1 + (131 * k + 197 * i + 7 * (k + 3) * i * i) %% 1009) / 1010
  ifelse(i == 7 | k == 5, 0, floor((2 + k %% 6) / share^(0.2 + (k %% 10) / 20)))
}
counts <- outer(0:(d - 1), 0:(n - 1), count)
dimnames(counts) <- list(paste0("gene", 0:(d - 1)), paste0("c", 0:(n - 1)))
scaled <- log1p(t(t(counts) / pmax(colSums(counts), 1)) * 1000)
sparse <- function(x) as(as(x, "sparseMatrix"), "dgCMatrix")
cells <- CreateSeuratObject(sparse(counts))
cells <- SetAssayData(cells, layer = "data", new.data = sparse(scaled))
cells <- FindVariableFeatures(cells, selection.method = "mean.var.plot", num.bin = 20, verbose = FALSE)
scores <- HVFInfo(cells)[["mvp.dispersion.scaled"]]
cat(rownames(counts)[sort(order(-scores)[1:12])], "\n")
