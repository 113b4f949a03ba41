"""What enterprises ask for (企业需求), and the library of it that an authority reads (需求库)."""
