"""What is asked of an account as a whole, and passwords, as rows of iam_flow.py: nobody else works on the account meanwhile."""

from iam_flow import OK, Keep, no_user, policy

OWN = {"UserName": "$u-own"}
CHANGE = {"OldPassword": "Long-enough-2", "NewPassword": "Long-enough-3"}
ASKED = {"MinimumPasswordLength": 10, "RequireSymbols": True, "RequireNumbers": True, "RequireUppercaseCharacters": True,
         "RequireLowercaseCharacters": True, "AllowUsersToChangePassword": True, "MaxPasswordAge": 90,
         "PasswordReusePrevention": 2, "HardExpiry": False}


def violation(message):
    return ("PasswordPolicyViolation", message)


ACCOUNT = [
    # a report that is made while all this goes on
    ("root", "iam.GetCredentialReport", {}, ("ReportNotPresent", None)),
    ("root", "iam.GenerateCredentialReport", {}, {"State": "STARTED"}),
    # an alias, which the next replaces
    ("root", "iam.ListAccountAliases", {}, {"AccountAliases": []}),
    ("root", "iam.CreateAccountAlias", {"AccountAlias": "our--account"}, ("ValidationError", None)),
    ("root", "iam.CreateAccountAlias", {"AccountAlias": "our-account"}, OK),
    ("root", "iam.CreateAccountAlias", {"AccountAlias": "our-account"},
     ("EntityAlreadyExists", "The account alias our-account already exists.")),
    ("root", "iam.CreateAccountAlias", {"AccountAlias": "our-account-2"}, OK),
    ("root", "iam.ListAccountAliases", {}, {"AccountAliases": ["our-account-2"]}),
    ("root", "iam.DeleteAccountAlias", {"AccountAlias": "our-account"}, ("NoSuchEntity", None)),
    ("root", "iam.DeleteAccountAlias", {"AccountAlias": "our-account-2"}, OK),
    # a password, with the built-in rule
    ("root", "iam.CreateUser", OWN, OK),
    ("root", "iam.CreateAccessKey", OWN, Keep("own", "AccessKey")),
    ("root", "iam.GetLoginProfile", OWN, ("NoSuchEntity", "Login Profile for User $u-own cannot be found.")),
    ("root", "iam.CreateLoginProfile", {"UserName": "$u-none", "Password": "Long-enough-1"}, no_user("$u-none")),
    ("root", "iam.CreateLoginProfile", {**OWN, "Password": "Short-1"}, violation("Password should have a minimum length of 8")),
    ("root", "iam.CreateLoginProfile", {**OWN, "Password": "long-enough"},
     violation("Password does not conform to the account password policy.")),
    ("root", "iam.CreateLoginProfile", {**OWN, "Password": "Long-enough-1", "PasswordResetRequired": True},
     {"LoginProfile.UserName": "$u-own", "LoginProfile.PasswordResetRequired": True}),
    ("root", "iam.CreateLoginProfile", {**OWN, "Password": "Long-enough-1"},
     ("EntityAlreadyExists", "Login Profile for user $u-own already exists.")),
    ("own", "iam.ChangePassword", CHANGE, ("AccessDenied", None)),
    # the account's own policy
    ("root", "iam.GetAccountPasswordPolicy", {},
     ("NoSuchEntity", "The Password Policy with domain name $account cannot be found.")),
    ("root", "iam.UpdateAccountPasswordPolicy", ASKED, OK),
    ("own", "iam.GetAccountPasswordPolicy", {}, {"PasswordPolicy": {**ASKED, "ExpirePasswords": True}}),
    ("root", "iam.UpdateLoginProfile", {**OWN, "Password": "long-enough-1"},
     violation("Password should have at least one uppercase letter")),
    ("root", "iam.UpdateLoginProfile", {**OWN, "Password": "Long-enough-1"},
     violation("Policy constraint violation with password reuse prevention during password change.")),
    ("root", "iam.UpdateLoginProfile", {**OWN, "Password": "Long-enough-2", "PasswordResetRequired": False}, OK),
    ("root", "iam.GetLoginProfile", OWN, {"LoginProfile.PasswordResetRequired": False}),
    ("own", "iam.ChangePassword", {**CHANGE, "OldPassword": "Long-enough-1"}, ("AccessDenied", "The old password was incorrect.")),
    ("own", "iam.ChangePassword", CHANGE, OK),
    ("root", "iam.ChangePassword", CHANGE, ("InvalidUserType", "Only IAM Users can change their own password.")),
    ("root", "iam.PutUserPolicy", {**OWN, "PolicyName": "not", "PolicyDocument": policy("iam:ChangePassword", "*", "Deny")}, OK),
    ("own", "iam.ChangePassword", CHANGE, ("AccessDenied", None)),
    ("root", "iam.DeleteUserPolicy", {**OWN, "PolicyName": "not"}, OK),
    ("root", "iam.DeleteAccountPasswordPolicy", {}, OK),
    ("root", "iam.DeleteAccountPasswordPolicy", {},
     ("NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.")),
    # what there is, and the report
    ("root", "iam.GetAccountSummary", {}, {"SummaryMap.Users": 1, "SummaryMap.UsersQuota": 5000, "length(keys(SummaryMap))": 34}),
    ("root", "iam.GenerateCredentialReport", {}, {"State": "COMPLETE"}),
    ("root", "iam.GetCredentialReport", {}, {"ReportFormat": "text/csv"}),
    # a user goes after its password
    ("root", "iam.DeleteAccessKey", {**OWN, "AccessKeyId": "$own"}, OK),
    ("root", "iam.DeleteUser", OWN, ("DeleteConflict", "Cannot delete entity, must delete login profile first.")),
    ("root", "iam.DeleteLoginProfile", OWN, OK),
    ("root", "iam.DeleteLoginProfile", OWN, ("NoSuchEntity", None)),
    ("root", "iam.DeleteUser", OWN, OK),
]
