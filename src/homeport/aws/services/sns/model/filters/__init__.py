"""Filter policies: JSON read with positions, checked in AWS's words, compiled into functions."""
