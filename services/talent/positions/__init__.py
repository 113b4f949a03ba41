"""Positions (岗位需求): written by enterprises, reviewed, published per period, matched."""
