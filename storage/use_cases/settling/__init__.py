"""What ends a mail or a submission: the verdict on a mail, a clerk's word."""
