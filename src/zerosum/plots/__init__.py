"""Plots: charts are made of shapes, and shapes are drawn as SVG or as pixels."""
