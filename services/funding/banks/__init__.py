"""Banks (银行): the pull twin of their topic and the signed daily file, for those without Kafka."""
