"""The same indicators at four levels: community, subdistrict, district and city."""
