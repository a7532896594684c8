"""What several pages show: header, filters, cards, the phone, the timeline."""
