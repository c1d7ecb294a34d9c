// The three products that libmlx asks a BLAS for, passed on to OpenBLAS, whose
// symbols have a prefix in its Python package. Linked into libmlxc, which comes
// before libmlx's own dependencies when libmlx looks its symbols up.
#define PRODUCT(letter, scalar, element)                                       \
  void scipy_cblas_##letter##gemm(                                             \
      int, int, int, int, int, int, scalar, const element*, int,               \
      const element*, int, scalar, element*, int);                             \
  void cblas_##letter##gemm(                                                   \
      int order, int transA, int transB, int m, int n, int k, scalar alpha,    \
      const element* a, int lda, const element* b, int ldb, scalar beta,       \
      element* c, int ldc) {                                                   \
    scipy_cblas_##letter##gemm(                                                \
        order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);  \
  }

extern "C" {
PRODUCT(s, float, float)
PRODUCT(d, double, double)
PRODUCT(c, const void*, void)
}
