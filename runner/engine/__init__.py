"""Where the stages meet: text -> Plan in ``prepare``, Plan -> Record in ``run``."""
