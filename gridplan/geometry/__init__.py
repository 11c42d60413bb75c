"""Operations on shapes and lines that know nothing of plans."""
