"""Workflow + choices + facts -> Plan: what will be done, and why. Pure."""
