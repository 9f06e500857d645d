const en = {
  title: 'Sign in',
  explained: 'WhatsApp campaigns that nobody has to watch.',
  choose: 'Choose your password',
  chooseExplained: 'The one that you were given was for one time. From now on you use your own.',
};

export default en;
