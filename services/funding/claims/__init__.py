"""Claims for what is paid on application (按比例补助、按项目奖励): filed, reviewed, approved."""
