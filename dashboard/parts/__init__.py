"""What several pages show, a part each: header, filters, cards, figures, links. None of them counts."""
